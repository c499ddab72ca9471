"""As much of the external term format as the recording scripts write."""
import struct


class Atom(str):
    pass


def encode(term):
    """Atoms are `Atom`, pids and references come encoded as `bytes`, the rest is Python's."""
    if isinstance(term, Atom):
        name = term.encode()
        return struct.pack(">BB", 119, len(name)) + name
    if isinstance(term, bytes):
        return term
    if isinstance(term, int):
        return struct.pack(">BB", 97, term) if 0 <= term < 256 else struct.pack(">Bi", 98, term)
    if isinstance(term, tuple):
        return struct.pack(">BB", 104, len(term)) + b"".join(map(encode, term))
    if isinstance(term, list):
        return (struct.pack(">BI", 108, len(term)) + b"".join(map(encode, term)) if term else b"") + b"j"
    raise TypeError(term)


def pid(node, number, serial=0, creation=7):
    return b"\x58" + encode(Atom(node)) + struct.pack(">III", number, serial, creation)


def reference(node, *words, creation=7):
    return b"\x5a" + struct.pack(">H", len(words)) + encode(Atom(node)) + struct.pack(f">I{len(words)}I", creation, *words)


def skip(data, at=0):
    """Where the term at `at` ends."""
    due = 1
    while due:
        due -= 1
        tag = data[at]
        u16 = lambda: struct.unpack_from(">H", data, at + 1)[0]
        u32 = lambda: struct.unpack_from(">I", data, at + 1)[0]
        if tag == 97: at += 2
        elif tag == 98: at += 5
        elif tag in (115, 119): at += 2 + data[at + 1]
        elif tag in (100, 118): at += 3 + u16()
        elif tag == 104: due, at = due + data[at + 1], at + 2
        elif tag == 108: due, at = due + u32() + 1, at + 5
        elif tag == 106: at += 1
        elif tag == 107: at += 3 + u16()
        elif tag == 109: at += 5 + u32()
        elif tag == 110: at += 3 + data[at + 1]
        elif tag == 70: at += 9
        elif tag == 88: at = skip(data, at + 1) + 12
        elif tag == 90: at = skip(data, at + 3) + 4 + 4 * u16()
        else: raise ValueError(f"tag {tag} at {at}")
    return at
