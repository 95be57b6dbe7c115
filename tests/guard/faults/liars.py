"""Hostile associations against a guard that runs, made from bytes of chance.

What a peer says is sound, damaged, or one of the lies below; how it says it (in one piece, byte by byte, before it is
accepted, twice at once) is chance too.
"""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Callable, Sequence
from itertools import count

from tests.guard.dicom.hostile import CLASSES, MPPS, STUDY_ROOT_GET, Choices, damaged, message
from tests.guard.dicom.playbook import MARK
from tests.see.wire import dicom_bytes as d

DEFLATED = "1.2.840.10008.1.2.1.99"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
QUIET = 0.25
"""Seconds without an answer after which a peer goes away."""
BOMB = zlib.compress(bytes(64 << 20), 9)[2:-4]
"""64 MB of zeros, deflated to 64 KB as PS3.5 §A.5 wants it."""
WHERE = 2 * len(CLASSES) + 1
"""Context of CT images with the deflated syntax."""

ALLOWED = frozenset(
    {
        ("C-STORE", d.CT_IMAGE, ""),
        ("C-ECHO", d.VERIFICATION, ""),
        ("C-FIND", d.STUDY_ROOT_FIND, ""),
        ("C-MOVE", d.STUDY_ROOT_MOVE, "WS01"),
    }
)
"""All that an archive may ever understand."""


# ---------------------------------------------------------------- lies
def element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(value)) + value


def told(*elements: tuple[int, bytes], context: int = 1, length: int | None = None, size: int = 16378) -> bytes:
    """A command set of these elements, as they stand; `length`: what its group length says."""
    body = b"".join(element(number, value) for number, value in elements)
    group = element(0, struct.pack("<I", len(body) if length is None else length))
    return d.values(context, group + body, command=True, size=size)


def uid(text: str) -> bytes:
    return text.encode() + b"\0" * (len(text) % 2)


def short(number: int) -> bytes:
    return struct.pack("<H", number & 0xFFFF)


INSTANCES = count(1)
NONE = short(0x0101)
STORE, ECHO, FIND, MOVE, GET = 0x0001, 0x0030, 0x0020, 0x0021, 0x0010
IMAGE = d.values(1, d.image(pixels=500), command=False)
WIDE = d.values(5, d.data_set([(0x0008_0052, "CS", b"STUDY"), (0x0010_0020, "LO", b"*")]), command=False)


def request(chance: Choices, number: int) -> bytes:
    """A sound one, with all that DCMTK and pynetdicom want."""
    kind = chance.below(4)
    if kind == 0:
        return told((2, uid(d.VERIFICATION)), (0x100, short(ECHO)), (0x110, short(number)), (0x800, NONE), context=3)
    if kind == 1:
        data = d.image(pixels=chance.below(256) * 180)
        if chance.once_in(6):
            data += d.data_set([(0x7FE1_0010, "LO", MARK)])
        return store(number) + d.values(1, data, command=False, size=(16378, 1000, 97)[chance.below(3)])
    level, who = (0x0008_0052, "CS", b"STUDY"), (0x0010_0020, "LO", (b"CANARYID42", b"*")[chance.below(2)])
    field, sop_class, context = ((FIND, d.STUDY_ROOT_FIND, 5), (MOVE, d.STUDY_ROOT_MOVE, 7))[kind - 2]
    elements = [(2, uid(sop_class)), (0x100, short(field)), (0x110, short(number))]
    if field == MOVE:
        elements.append((0x600, (b"WS01", b"WS02")[chance.below(2)]))
    said = told(*elements, (0x700, short(0)), (0x800, short(0)), context=context)
    return said + d.values(context, d.data_set([level, who]), command=False)


def store(number: int, *, flag: int = 0, length: int | None = None, context: int = 1) -> bytes:
    """The command of a C-STORE of an object that there was not before: storescp removes what it had of one cut off."""
    return told(
        (2, uid(d.CT_IMAGE)), (0x100, short(STORE)), (0x110, short(number)), (0x700, short(0)), (0x800, short(flag)),
        (0x1000, uid(f"1.2.826.0.1.{next(INSTANCES)}")), context=context, length=length,
    )  # fmt: skip


def _group_length(chance: Choices) -> bytes:
    lie = (0, 1, 8, 1 << 16, 0xFFFFFFFF, 30)[chance.below(6)]
    return store(9, length=lie) + IMAGE


def _twice(chance: Choices) -> bytes:
    """Each reader takes the one or the other."""
    other = (GET, MOVE, STORE, 0x8030, 0x0FFF)[chance.below(5)]
    fields = [(0x100, short(ECHO)), (0x100, short(other))]
    classes = [(2, uid(d.VERIFICATION)), (2, uid(STUDY_ROOT_GET))]
    if chance.once_in(2):
        fields.reverse()
    rest = [(0x110, short(9)), (0x800, short(0x0101))]
    if chance.once_in(2):
        return told(*classes, fields[0], *rest, context=3)
    return told(classes[0], *fields, *rest, context=3)


def _flag(chance: Choices) -> bytes:
    """A data set that is not said to be there, or one said to be that is not."""
    if chance.once_in(2):
        return store(9, flag=0x0101) + IMAGE
    said = told((2, uid(d.VERIFICATION)), (0x100, short(ECHO)), (0x110, short(9)), (0x800, short(0)), context=3)
    return said + (WIDE if chance.once_in(2) else d.RELEASE_RQ)


def _response(chance: Choices) -> bytes:
    field = 0x8000 | (STORE, ECHO, FIND, MOVE, GET)[chance.below(5)]
    number = 0x110 if chance.once_in(2) else 0x120
    status = (0, 0xFF00, 0xFE00, 0x0117)[chance.below(4)]
    flag = short(0 if chance.once_in(2) else 0x0101)
    return told((2, uid(d.CT_IMAGE)), (0x100, short(field)), (number, short(1)), (0x800, flag), (0x900, short(status)))


def _same_number(chance: Choices) -> bytes:
    echo = d.command(ECHO, d.VERIFICATION, message=1, context=3)
    return echo * (2 + chance.below(40))


def _cancels(chance: Choices) -> bytes:
    return b"".join(d.command(0x0FFF, message=number % 9, context=5) for number in range(chance.below(256)))


def _interleaved(chance: Choices) -> bytes:
    """Values of two contexts in one PDU, the halves of a command about another."""
    echo = d.command(ECHO, d.VERIFICATION, message=9, context=3)[12:]
    get = d.command(GET, STUDY_ROOT_GET, message=10, context=9)[12:]
    at = 1 + chance.below(len(echo) - 2)
    values = [(3, 1, echo[:at]), (9, 3, get), (3, 3, echo[at:])]
    if chance.once_in(2):
        values[1] = (1, 2, d.image(pixels=100))
    return d.pdu(4, b"".join(struct.pack(">IBB", len(part) + 2, *head) + part for *head, part in values))


def _other_class(chance: Choices) -> bytes:
    """A class that the context was not agreed for, or two of them."""
    classes = [(2, uid(MR_IMAGE)), (3, uid(d.CT_IMAGE))]
    if chance.once_in(3):
        classes = [(2, uid(d.CT_IMAGE)), (3, uid(MPPS))]
    return told(*classes, (0x100, short(STORE)), (0x110, short(9)), (0x800, short(0))) + IMAGE


def _destination(chance: Choices) -> bytes:
    where = (b"WS01\0", b"WS01\\WS02", b" WS01", b"WS01" + b" " * 40 + b"WS02", b"WS01\0WS02", b"", b"ws01")
    said = told(
        (2, uid(d.STUDY_ROOT_MOVE)), (0x100, short(MOVE)), (0x110, short(9)),
        (0x600, where[chance.below(len(where))]), (0x800, short(0)), context=7,
    )  # fmt: skip
    return said + d.values(7, d.data_set([(0x0008_0052, "CS", b"STUDY"), (0x0010_0020, "LO", b"X")]), command=False)


def _rest(chance: Choices) -> bytes:
    """Bytes behind the last element, odd lengths, elements of another group, or a wrong order."""
    command = d.command(ECHO, d.VERIFICATION, message=9, context=3)[12:]
    tails = (b"\0", element(0x100, short(GET)), b"\x08\0\x18\0\x04\0\0\0evil", element(2, b"1.2.3"), b"\xff" * 8)
    return d.values(3, command + tails[chance.below(len(tails))], command=True, size=1 + chance.below(80))


def _bomb(chance: Choices) -> bytes:
    return store(9, context=WHERE) + d.values(WHERE, BOMB[: 30_000 + chance.below(2) * 100_000], command=False)


def _hidden(chance: Choices) -> bytes:
    """What inspection looks for, behind the pixels, in a sequence, or in many small fragments."""
    image = d.image(pixels=800) + d.data_set([(0x7FE1_0010, "LO", MARK)])
    return store(9) + d.values(1, image, command=False, size=7 + chance.below(200))


LIES: Sequence[Callable[[Choices], bytes]] = (
    _group_length, _twice, _flag, _response, _same_number, _cancels, _interleaved, _other_class, _destination, _rest,
    _bomb, _hidden,
)  # fmt: skip


# ---------------------------------------------------------------- a peer
def opening(chance: Choices) -> bytes:
    contexts: list[tuple[str, tuple[str, ...]]] = [(each, (d.IMPLICIT,)) for each in CLASSES]
    contexts.append((d.CT_IMAGE, (DEFLATED,)))
    extra = b""
    if chance.once_in(8):
        contexts += [(f"{d.CT_IMAGE}.{number}", (d.EXPLICIT, d.IMPLICIT)) for number in range(121)]
    if chance.once_in(10):
        extra = d.item(0x56, struct.pack(">H", 9) + b"1.2.3.4.5" + bytes(60_000))
    hello = d.associate_rq(contexts=contexts, user=d.user_information(extra=extra))
    return damaged(chance, hello) if chance.once_in(16) else hello


def words(chance: Choices) -> bytes:
    """All that is said after the opening."""
    said = b""
    for number in range(1, 2 + chance.below(5)):
        if chance.once_in(3):
            said += LIES[chance.below(len(LIES))](chance)
        else:
            one = request(chance, number) if chance.once_in(2) else b"".join(message(chance, number))
            said += damaged(chance, one) if chance.once_in(5) else one
    return said + (d.ABORT if chance.once_in(6) else d.RELEASE_RQ)


def attack(port: int, data: bytes) -> bytes:
    """One hostile association; what the guard answered."""
    chance = Choices(data)
    hello, rest, way = opening(chance), b"", chance.below(8)
    rest = words(chance)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        heard = b""
        try:
            if way == 0:  # before it is accepted
                sock.sendall(hello + rest)
            elif way == 1:  # twice
                sock.sendall(hello + hello)
                sock.sendall(rest)
            else:
                say(sock, hello, 1 if way == 2 else 0)
                sock.settimeout(QUIET)
                heard = sock.recv(65536)
                sock.settimeout(10)
                say(sock, rest, (0, 0, 1, 13, 1460, 0, 0, 0)[way])
            sock.settimeout(QUIET)
            while piece := sock.recv(65536):
                heard += piece
        except OSError:  # quiet, or sent away
            pass
        return heard


def say(sock: socket.socket, data: bytes, size: int) -> None:
    """In segments of that size, the first hundred of them."""
    head = 100 * size
    for at in range(0, min(head, len(data)), size or 1):
        sock.sendall(data[at : at + size])
    sock.sendall(data[head:])
