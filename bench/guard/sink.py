"""The cheapest archive that still answers: accepts everything, counts objects and bytes, keeps nothing.

    python -m bench.guard.sink PORT CONTROL_PORT

A connection to the control port is told, as one line of JSON, what was counted since the last one. An association that
calls DIGEST also has its objects hashed, so that a run can prove that bytes arrive as they were sent. One thread with
epoll: a thread for each association would cost the two cores of a small machine more than what is measured.
"""

from __future__ import annotations

import hashlib
import json
import selectors
import socket
import struct
import sys
from typing import Final

from bench.guard import pdus

DIGEST: Final = "DIGEST"
MAX_PDU: Final = 131072
_ROOM: Final = 1 << 20
_HEADER = struct.Struct(">BxI")
_FRAGMENT = struct.Struct(">IBB")


class Counts:
    """What came since the last look."""

    def __init__(self) -> None:
        self.objects = self.bytes = self.echoes = self.associations = 0
        self.digests: list[str] = []
        self.broken: list[str] = []


class Association:
    """One connection: jumps over the bytes of data sets by arithmetic, answers each command and each last fragment."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._rest = b""
        self._skip = 0
        self._last = False
        self._command = 0
        self._context = 0
        self._digest: hashlib._Hash | None = None
        self.ended = False

    def feed(self, data: memoryview) -> bytes:
        """What to answer. Every PDU holds one fragment, as `pdus.data_pdus` and DCMTK make them."""
        answers = b""
        whole: bytes | memoryview = data
        if self._rest:
            whole, self._rest = self._rest + data, b""
        at, end = 0, len(whole)
        while at < end and not self.ended:
            if self._skip:
                step = min(self._skip, end - at)
                answers += self._data(whole[at : at + step])
                at += step
                continue
            if end - at < 6:
                break
            kind, length = _HEADER.unpack_from(whole, at)
            if kind == 4 and end - at >= 12:
                size, context, control = _FRAGMENT.unpack_from(whole, at + 6)
                if size + 4 != length:
                    self._break(f"{length} bytes in a PDU of several fragments")
                elif not control & 1:
                    self._context, self._last, self._skip = context, bool(control & 2), size - 2
                    at += 12
                    continue
            if end - at < 6 + length:
                break
            answers += self._unit(kind, bytes(whole[at : at + 6 + length]))
            at += 6 + length
        self._rest = bytes(whole[at:])
        return answers

    def _data(self, piece: bytes | memoryview) -> bytes:
        self._skip -= len(piece)
        self._counts.bytes += len(piece)
        if self._digest is not None:
            self._digest.update(piece)
        if self._skip or not self._last:
            return b""
        self._counts.objects += 1
        if self._digest is not None:
            self._counts.digests.append(self._digest.hexdigest())
            self._digest = hashlib.sha256()
        return pdus.response_command(self._command, self._context)

    def _unit(self, kind: int, unit: bytes) -> bytes:
        match kind:
            case 1:
                self._counts.associations += 1
                if unit[10:26].strip() == DIGEST.encode():
                    self._digest = hashlib.sha256()
                return pdus.associate_ac(unit, MAX_PDU)
            case 4:
                self._command = pdus.command_field(unit[12:])
                if self._command != pdus.ECHO_RQ:
                    return b""
                self._counts.echoes += 1
                return pdus.response_command(self._command, unit[10])
            case 5:
                self.ended = True
                return pdus.RELEASE_RP
            case 7:
                self.ended = True
                return b""
            case _:
                self._break(f"PDU type {kind}")
                return b""

    def _break(self, why: str) -> None:
        self.ended = True
        self._counts.broken.append(why)


class Sink:
    """All connections of one port, and the control port, in one loop."""

    def __init__(self, port: int, control_port: int) -> None:
        self._counts = Counts()
        self._room = memoryview(bytearray(_ROOM))
        self._selector = selectors.DefaultSelector()
        for number, role in ((port, "dicom"), (control_port, "control")):
            server = socket.create_server(("127.0.0.1", number), backlog=4096)
            server.setblocking(False)
            self._selector.register(server, selectors.EVENT_READ, role)

    def run(self) -> None:
        """Until the process is ended."""
        while True:
            for key, _ in self._selector.select():
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                if key.data == "dicom":
                    self._accept(connection)
                elif key.data == "control":
                    self._report(connection)
                else:
                    self._read(connection, key.data)

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except BlockingIOError:
                return
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(connection, selectors.EVENT_READ, Association(self._counts))

    def _read(self, connection: socket.socket, association: Association) -> None:
        try:
            size = connection.recv_into(self._room)
            answer = association.feed(self._room[:size])
            if answer:
                connection.sendall(answer)  # a few hundred bytes: the socket's own buffer takes them
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size or association.ended:
            self._selector.unregister(connection)
            connection.close()

    def _report(self, server: socket.socket) -> None:
        asker, _ = server.accept()
        with asker:
            asker.sendall(json.dumps(vars(self._counts)).encode() + b"\n")
        vars(self._counts).update(vars(Counts()))


if __name__ == "__main__":
    Sink(int(sys.argv[1]), int(sys.argv[2])).run()
