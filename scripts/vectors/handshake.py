#!/usr/bin/env python3
"""Records handshakes of real nodes into nodex-proto/tests/handshake_vectors.txt.

A private epmd runs on a free port. Real nodes reach each other through a relay that keeps what
passes; for what two well-behaved nodes never do (alive, simultaneous connects, missing flags),
this script is one of the sides, and its own lines are marked with `#`.

Each line is one message without its length: `>` from the connecting side, `<` from the accepting
one. Needs erl, epmd, gcc and the ei library. Everything stays on 127.0.0.1.
"""
import hashlib, os, socket, struct, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "../../nodex-proto/tests/handshake_vectors.txt")
COOKIE = "vectors"
FLAGS = 0xD075F5FBC
lines, children, sockets = [], [], []


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


EPMD_PORT = free_port()
ENV = dict(os.environ, ERL_EPMD_PORT=str(EPMD_PORT), ERL_EPMD_ADDRESS="127.0.0.1")


def start(*argv, **kw):
    child = subprocess.Popen(argv, env=ENV, stdin=subprocess.DEVNULL, **kw)
    children.append(child)
    return child


def exactly(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            return None
        data += part
    return data


def receive(s):
    head = exactly(s, 2)
    return head and exactly(s, struct.unpack(">H", head)[0])


def send(s, message):
    s.sendall(struct.pack(">H", len(message)) + message)


def register(name, port):
    """Registers `name` in the private epmd; the socket stays open until the end."""
    s = socket.create_connection(("127.0.0.1", EPMD_PORT))
    name = name.encode()
    body = struct.pack(">BHBBHHH", 120, port, 77, 0, 6, 5, len(name)) + name + b"\0\0"
    send(s, body)
    reply = exactly(s, 6)
    assert reply[:2] == b"\x76\0", reply
    sockets.append(s)


def port_of(name):
    deadline = time.time() + 10
    while time.time() < deadline:
        s = socket.create_connection(("127.0.0.1", EPMD_PORT))
        send(s, b"z" + name.encode())
        reply = s.recv(1024)
        s.close()
        if reply[:2] == b"w\0":
            return struct.unpack(">H", reply[2:4])[0]
        time.sleep(0.1)
    raise SystemExit(f"{name} did not register")


def erl(name, *more):
    return start("erl", "-name", f"{name}@127.0.0.1", "-setcookie", COOKIE, "-start_epmd", "false",
                 "-noinput", "-kernel", "inet_dist_use_interface", "{127,0,0,1}", *more)


def case(title):
    lines.append("")
    lines.append(f"= {title}")


def keep(direction, message, ours=False):
    lines.append(f"{direction} {message.hex()}" + (" #" if ours else ""))


class Relay:
    """Passes one connection on to `target`, keeping handshake messages until the acknowledgement."""

    def __init__(self, name):
        self.listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(self.listener)
        register(name, self.listener.getsockname()[1])

    def run(self, target):
        self.target, self.done = target, threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        a, _ = self.listener.accept()
        b = socket.create_connection(("127.0.0.1", self.target))
        sockets.extend((a, b))
        threading.Thread(target=self._copy, args=(a, b, ">", b"r"), daemon=True).start()
        self._copy(b, a, "<", b"a")

    def _copy(self, source, sink, direction, last):
        while True:
            message = receive(source)
            if message is None:
                sink.close()
                self.done.set()
                return
            keep(direction, message)
            send(sink, message)
            if message[:1] == last:
                break
        if direction == "<":
            self.done.set()
        while data := source.recv(65536):
            sink.sendall(data)

    def wait(self):
        assert self.done.wait(10), "handshake did not end"


def dial(port):
    s = socket.create_connection(("127.0.0.1", port))
    s.settimeout(5)
    sockets.append(s)
    return s


def name_message(name, flags=FLAGS, creation=7):
    return struct.pack(">cQIH", b"N", flags, creation, len(name)) + name.encode()


def digest(challenge):
    return hashlib.md5(COOKIE.encode() + str(challenge).encode()).digest()


def as_initiator(port, name, flags=FLAGS, until=None):
    """Speaks the connecting side against a real node, as far as it goes."""
    s = dial(port)

    def say(message):
        keep(">", message, ours=True)
        send(s, message)

    say(name_message(name, flags))
    while (message := receive(s)) is not None:
        keep("<", message)
        if message == b"salive":
            say(b"strue")
        elif message[:1] == b"N":
            theirs = struct.unpack(">I", message[9:13])[0]
            say(b"r" + struct.pack(">I", 0x01020304) + digest(theirs))
        elif message[:1] == b"a":
            break
    return s


def main():
    tmp = tempfile.mkdtemp()
    start("epmd", "-port", str(EPMD_PORT))
    time.sleep(0.5)
    ei = os.path.join(tmp, "ei_peer")
    erts = subprocess.check_output(["erl", "-noshell", "-eval",
        "io:format(\"~s ~s\", [code:lib_dir(erl_interface), erlang:system_info(otp_release)]), halt()."],
        text=True).split()
    subprocess.check_call(["gcc", "-D_REENTRANT", f"-I{erts[0]}/include", os.path.join(HERE, "ei_peer.c"),
                           "-o", ei, f"-L{erts[0]}/lib", "-lei", "-lpthread"])
    lines.append(f"# Handshakes recorded by scripts/vectors/handshake.py from Erlang/OTP {erts[1]}. Cookie: {COOKIE}")
    lines.append("# > connecting side, < accepting side, # spoken by the script and not by a real node")

    # A real node behind a relay that carries its name: it does not register itself.
    relay = Relay("b")
    b_port = free_port()
    erl("b", "-erl_epmd_port", str(b_port))
    time.sleep(2)

    case("beam connects to beam")
    relay.run(b_port)
    erl("a", "-eval", "net_kernel:connect_node('b@127.0.0.1'), init:stop().")
    relay.wait()

    case("ei connects to beam")
    relay.run(b_port)
    start(ei, "connect", "c@127.0.0.1", "b@127.0.0.1", COOKIE)
    relay.wait()

    case("beam connects to ei")
    ei_relay = Relay("d")
    acceptor = start(ei, "accept", "d@127.0.0.1", COOKIE, stdout=subprocess.PIPE, text=True)
    ei_relay.run(int(acceptor.stdout.readline()))
    erl("e", "-eval", "net_kernel:connect_node('d@127.0.0.1'), init:stop().")
    ei_relay.wait()

    case("beam connects to beam and asks for a name")
    relay.run(b_port)
    erl("undefined", "-eval", "net_kernel:connect_node('b@127.0.0.1'), init:stop().")
    relay.wait()

    case("beam says alive")
    first = as_initiator(b_port, "twice@127.0.0.1")
    del lines[lines.index("= beam says alive") + 1:]
    as_initiator(b_port, "twice@127.0.0.1")
    first.close()

    case("beam answers alive")
    listener = socket.create_server(("127.0.0.1", 0))
    register("f", listener.getsockname()[1])
    erl("g", "-eval", "net_kernel:connect_node('f@127.0.0.1'), init:stop().")
    s, _ = listener.accept()
    sockets.append(s)
    keep(">", receive(s))
    keep("<", b"salive", ours=True)
    send(s, b"salive")
    keep(">", receive(s))
    challenge = struct.pack(">cQIIH", b"N", FLAGS, 0x0A0B0C0D, 9, 11) + b"f@127.0.0.1"
    keep("<", challenge, ours=True)
    send(s, challenge)
    reply = receive(s)
    keep(">", reply)
    ack = b"a" + digest(struct.unpack(">I", reply[1:5])[0])
    keep("<", ack, ours=True)
    send(s, ack)

    for ours, status in (("h", "nok"), ("z", "ok_simultaneous")):
        case(f"beam is connecting itself: {status}")
        register(ours, listener.getsockname()[1])
        m = f"m{ours}"
        erl(m, "-eval", f"net_kernel:connect_node('{ours}@127.0.0.1').")
        port = port_of(m)
        s, _ = listener.accept()
        sockets.append(s)
        receive(s)
        sockets.append(as_initiator(port, f"{ours}@127.0.0.1"))
        assert f"< {('s' + status).encode().hex()}" in lines

    case("beam misses flags")
    as_initiator(b_port, "poor@127.0.0.1", flags=0x4)
    with open(OUT, "w") as out:
        out.write("\n".join(lines) + "\n")


try:
    main()
finally:
    for s in sockets:
        s.close()
    for child in reversed(children):
        child.kill()
        child.wait()
