#!/usr/bin/env python3
"""Records messages of real BEAMs to a node that does with fragments, into nodex-proto/tests/fragment_vectors.txt.

This script is a hidden node that connects to the OTP of this machine and to those under target/otp, and asks a process there
for a short message, a long one, and for long reasons of an end and of `exit/2`. Needs erl and epmd; stays on 127.0.0.1.

Each line is `release what length head`: the frame's length, and what it begins with, in hexadecimal. All that follows is the
byte 78.
"""
import hashlib, os, socket, struct, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
OUT = os.path.join(ROOT, "nodex-proto/tests/fragment_vectors.txt")
COOKIE, NAME, HEAD = "vectors", b"vec@127.0.0.1", 200
# What a node of this library offers.
FLAGS = 0x2D07DF5FBC
DRIVER = """register(driver, spawn(fun() -> receive {P, _} ->
    Big = binary:copy(<<"x">>, 200000),
    P ! {order, 17, pending}, P ! Big,
    spawn(fun() -> link(P), exit(Big) end), exit(P, Big), P ! done
end end))."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def atom(name):
    return b"w" + bytes([len(name)]) + name


def record(release, root, out):
    epmd, port = free_port(), free_port()
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "ERL_EPMD_PORT": str(epmd), "ERL_EPMD_ADDRESS": "127.0.0.1"}
    inside = ["chroot", root] if root else []
    node = f"otp{release}@127.0.0.1"
    children = [subprocess.Popen(inside + ["epmd"], env=env, stdin=subprocess.DEVNULL)]
    time.sleep(0.5)
    erl = ["erl", "-noinput", "-name", node, "-setcookie", COOKIE, "-kernel", "inet_dist_use_interface", "{127,0,0,1}",
           "inet_dist_listen_min", str(port), "inet_dist_listen_max", str(port), "-eval", DRIVER]
    children.append(subprocess.Popen(inside + erl, env=env, stdin=subprocess.DEVNULL))
    try:
        talk(release, port, out)
    finally:
        for child in reversed(children):
            child.kill()
            child.wait()


def talk(release, port, out):
    deadline = time.time() + 30
    while True:
        try:
            s = socket.create_connection(("127.0.0.1", port))
            break
        except ConnectionRefusedError:
            assert time.time() < deadline
            time.sleep(0.2)
    s.settimeout(60)

    def take(count):
        taken = b""
        while len(taken) < count:
            part = s.recv(count - len(taken))
            assert part, "the BEAM closed the connection"
            taken += part
        return taken

    say = lambda message: s.sendall(struct.pack(">H", len(message)) + message)
    hear = lambda: take(struct.unpack(">H", take(2))[0])
    say(struct.pack(">cQIH", b"N", FLAGS, 1234, len(NAME)) + NAME)
    assert hear() == b"sok"
    challenge = struct.unpack(">I", hear()[9:13])[0]
    say(b"r\0\0\0\1" + hashlib.md5(COOKIE.encode() + str(challenge).encode()).digest())
    assert hear()[:1] == b"a"
    time.sleep(1)
    me = b"X" + atom(NAME) + struct.pack(">III", 101, 0, 1234)
    ask = b"\x83D\0h\x04a\x06" + me + atom(b"") + atom(b"driver") + b"h\x02" + me + b"j"
    s.sendall(struct.pack(">I", len(ask)) + ask)
    while True:
        length = struct.unpack(">I", take(4))[0]
        if length == 0:
            continue
        frame = take(length)
        if frame.endswith(atom(b"done")):
            return
        assert set(frame[HEAD:]) <= {0x78}
        out.write(f"{release} {length} {frame[:HEAD].hex()}\n")


with open(OUT, "w") as out:
    out.write("# Frames recorded by scripts/vectors/fragments.py: release, length, what the frame begins with; the rest is 78\n")
    local = subprocess.run(["erl", "-noinput", "-eval", "io:put_chars(erlang:system_info(otp_release)), halt()."],
                           capture_output=True, text=True, check=True).stdout
    record(local, None, out)
    for release in ["23", "27", "29"]:
        record(release, os.path.realpath(os.path.join(ROOT, "target/otp", release)), out)
