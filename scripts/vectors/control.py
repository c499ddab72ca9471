#!/usr/bin/env python3
"""Records control messages of a real BEAM into nodex-proto/tests/dist_control_vectors.txt.

This script is a hidden node that asks a process on the BEAM (control_driver.erl) for everything that
makes it send a control message: once with all capabilities of a modern node, once with only those that
are mandatory, so that the older operations are sent as well. Needs erl and epmd; stays on 127.0.0.1.

Each line is `flags what frame`: the flags that this node offered, what was asked for, and the frame
without its length, in hexadecimal.
"""
import hashlib, os, socket, struct, subprocess, tempfile, time
from etf import Atom, encode, pid, reference, skip

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "../../nodex-proto/tests/dist_control_vectors.txt")
COOKIE = "vectors"
ALL = 0xD075F5FBC
# Mandatory in OTP 25, SMALL_ATOM_TAGS, both monitor flags, SPAWN and V4_NC.
OLD = 0x1070F94 | 0x4000 | 0x28 | 1 << 32 | 1 << 34
children = []


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


EPMD_PORT, BEAM_PORT = free_port(), free_port()
ENV = dict(os.environ, ERL_EPMD_PORT=str(EPMD_PORT), ERL_EPMD_ADDRESS="127.0.0.1")


def start(*argv, **kw):
    children.append(subprocess.Popen(argv, env=ENV, stdin=subprocess.DEVNULL, **kw))


class Node:
    def __init__(self, name, flags):
        self.name, self.flags, self.buffer = f"{name}@127.0.0.1", flags, b""
        self.me, self.ref = pid(self.name, 5, 1), reference(self.name, 1, 2, 3)
        deadline = time.time() + 10
        while True:
            try:
                self.s = socket.create_connection(("127.0.0.1", BEAM_PORT))
                break
            except ConnectionRefusedError:
                assert time.time() < deadline
                time.sleep(0.1)
        self.s.settimeout(10)
        name = self.name.encode()
        self.say(struct.pack(">cQIH", b"N", flags, 7, len(name)) + name)
        assert self.hear() == b"sok"
        challenge = struct.unpack(">I", self.hear()[9:13])[0]
        self.say(b"r\0\0\0\1" + hashlib.md5(COOKIE.encode() + str(challenge).encode()).digest())
        assert self.hear()[:1] == b"a"

    def say(self, message):
        self.s.sendall(struct.pack(">H", len(message)) + message)

    def take(self, n):
        while len(self.buffer) < n:
            part = self.s.recv(65536)
            assert part, "the BEAM closed the connection"
            self.buffer += part
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def hear(self):
        return self.take(struct.unpack(">H", self.take(2))[0])

    def frame(self):
        while True:
            length = struct.unpack(">I", self.take(4))[0]
            if length:
                return self.take(length)
            self.s.sendall(b"\0\0\0\0")

    def send(self, control, payload=None):
        frame = b"p\x83" + encode(control)
        if payload is not None:
            frame += b"\x83" + encode(payload)
        self.s.sendall(struct.pack(">I", len(frame)) + frame)

    def ask(self, action, traced=False):
        kind = Atom("traced" if traced else "plain")
        self.send((6, self.me, Atom(""), Atom("driver")), (kind, action))


def op_of(frame):
    assert frame[:2] == b"p\x83" and frame[2] == 104 and frame[4] == 97, frame
    return frame[5]


def main():
    tmp = tempfile.mkdtemp()
    start("epmd", "-port", str(EPMD_PORT))
    subprocess.check_call(["erlc", "-o", tmp, os.path.join(HERE, "control_driver.erl")])
    start("erl", "-name", "beam@127.0.0.1", "-setcookie", COOKIE, "-start_epmd", "false", "-noinput",
          "-kernel", "inet_dist_use_interface", "{127,0,0,1}", "-erl_epmd_port", str(BEAM_PORT),
          "-pa", tmp, "-s", "control_driver")
    release = subprocess.check_output(
        ["erl", "-noshell", "-eval", "io:put_chars(erlang:system_info(otp_release)), halt()."], text=True)
    lines = [f"# Control messages recorded by scripts/vectors/control.py from Erlang/OTP {release}: flags, what, frame"]
    for name, flags in (("modern", ALL), ("old", OLD)):
        node = Node(name, flags)

        def expect(what, *ops):
            """Keeps the next frames, which have to be of one of these operations each."""
            frame = node.frame()
            assert op_of(frame) in ops, (name, what, op_of(frame))
            lines.append(f"{flags:#x} {what} {frame.hex()}")
            return frame

        def new_child():
            """A process of the BEAM, by its encoded pid."""
            node.ask(Atom("child"))
            frame = node.frame()
            return frame[skip(frame, 2) + 1:]

        # The driver answers to the pid that it is given first.
        time.sleep(1)
        node.send((6, node.me, Atom(""), Atom("driver")), (Atom("peer"), node.me))
        for traced, suffix in ((False, ""), (True, "_traced")):
            def ask(what, *ops, action=None):
                node.ask(action or Atom(what), traced)
                return expect(what + suffix, *ops)

            ask("send", 2, 22, 12, 23)
            ask("reg_send", 6, 16)
            if flags & 1 << 35:
                ask("alias_send", 33, 34, action=(Atom("alias_send"), node.ref))
            ask("exit2", 8, 18, 26, 27)
            ask("linked_child_dies", 1)
            expect("linked_child_dies" + suffix, 3, 13, 24, 25)
            ask("spawn_request", 29, 30)
            ask("spawn_request_small", 29, 30)
            # A spawn request of ours, answered with a reply.
            token = () if not traced else (token_of(lines),)
            node.send((30 if traced else 29, reference(node.name, 9, 8 + traced, 7), node.me, node.me,
                       (Atom("control_driver"), Atom("child"), 0), [Atom("monitor")], *token), [])
            expect("spawn_reply" + suffix, 31, 32)
            node.send((30 if traced else 29, reference(node.name, 9, 6 + traced, 7), node.me, node.me,
                       (Atom("control_driver"), Atom("child"), 0), [Atom("nonsense")], *token), [])
            expect("spawn_reply_badopt" + suffix, 31, 32)
        for what, ops in (("link", (1,)), ("unlink", (4, 35)), ("group_leader", (7,)), ("monitor", (19,)),
                          ("demonitor", (20,)), ("monitor_name", (19,)), ("demonitor", (20,))):
            node.ask(Atom(what))
            frame = expect(what, *ops)
            if what == "unlink" and flags & 0x2000000:
                number, sender = skip(frame, 6), skip(frame, skip(frame, 6))
                node.send((36, frame[6:number], node.me, frame[number:sender]))
        # We link to a process there and unlink.
        child = new_child()
        node.send((1, node.me, child))
        if flags & 0x2000000:
            node.send((35, 77, node.me, child))
            expect("unlink_ack", 36)
            # An id that takes eight bytes.
            node.send((1, node.me, child))
            node.send((35, b"\x6e\x08\x00" + b"\xff" * 8, node.me, child))
            expect("unlink_ack_big", 36)
        else:
            node.send((4, node.me, child))
        # We monitor by pid and by name.
        node.send((19, node.me, child, reference(node.name, 4, 5, 6)))
        node.ask(Atom("child_dies"))
        expect("monitor_exit", 21, 28)
        new_child()
        node.send((19, node.me, Atom("child"), reference(node.name, 4, 5, 7)))
        node.ask(Atom("child_dies"))
        expect("monitor_exit_name", 21, 28)
        node.send((19, node.me, Atom("no_such_name"), reference(node.name, 4, 5, 8)))
        expect("monitor_exit_noproc", 21, 28)
        node.send((1, node.me, child))
        expect("link_noproc", 3, 24)
        lines.append(f"# {name}: pid {node.me.hex()}, reference {node.ref.hex()}")
        node.s.close()
    seen = sorted({int(line.split()[2][10:12], 16) for line in lines if line.startswith("0x")})
    lines.append(f"# Operations seen: {seen}")
    with open(OUT, "w") as out:
        out.write("\n".join(lines) + "\n")
    print(seen)


def token_of(lines):
    """The trace token of the last traced REG_SEND, to hand it back."""
    frame = bytes.fromhex([line for line in lines if " reg_send_traced " in line][-1].split()[2])
    at = 6
    for _ in range(3):
        at = skip(frame, at)
    return frame[at:skip(frame, at)]


try:
    main()
finally:
    for child in reversed(children):
        child.kill()
        child.wait()
