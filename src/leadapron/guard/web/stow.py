"""One STOW-RS request (PS3.18 §10.5): each part is read, judged and inspected, and its last bytes wait for the verdict.

The server behind gets a body put together anew. Of a part that is refused it never gets the end, nor the end of the
request. Parts before it were whole when they passed: a server that keeps parts as they come may have kept those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from msgspec import Struct

from leadapron.guard.conversation import Bytes
from leadapron.guard.dicom.objects import EvidenceWriter, Rewriter
from leadapron.guard.inspect.inspector import Finding, Inspector
from leadapron.guard.web.media import read_media_type
from leadapron.guard.web.multipart import Multipart, MultipartError, PartBegins, PartEnds
from leadapron.guard.web.part10 import FileHead, Part10Error, dataset_class, read_head
from leadapron.guard.web.wiring import refuse
from leadapron.model.guard import Decision, Operation, Reason, Task

FIRST_BYTES: Final = 4096
"""Bytes of a data set in which its SOP class has to be."""

_PART_HEADER: Final = b"Content-Type: application/dicom\r\n\r\n"
"""Without the transfer syntax, which the head of the file tells: Orthanc refuses parameters here."""


class Assessor(Protocol):
    """What a part needs to be told, and whom it tells. Every method may raise Refused."""

    def allow(self, operation: Operation) -> Decision:
        """The decision: it passes, or it holds (then the object goes into quarantine and nowhere else)."""

    def instruments(self, decision: Decision, transfer_syntax: str) -> tuple[Inspector, Rewriter | None]:
        """What looks at the object, and what takes things out of it."""

    def bound(self, decision: Decision) -> int:
        """Most bytes of one object; 0: no limit."""

    def sized(self, decision: Decision, operation: Operation, size: int) -> None:
        """An object of so many bytes came by, or is already too long."""

    def copy(self, decision: Decision, operation: Operation) -> EvidenceWriter | None:
        """A place in quarantine for an object that may have to be kept."""

    def found(
        self,
        decision: Decision,
        operation: Operation,
        finding: Finding,
        inspector: Inspector,
        copy: EvidenceWriter | None,
    ) -> None:
        """Inspection found something: refused, unless it may pass all the same."""

    def held(self, decision: Decision, operation: Operation, copy: EvidenceWriter | None) -> None:
        """An object that a rule holds has come whole: always refused."""


class Passed(Struct, frozen=True, kw_only=True):
    """An object that went on whole. UIDs are identifiers: hash at once."""

    instance: str
    study: str
    sop_class: str
    transfer_syntax: str
    size: int
    pixel_digest: str
    dataset_digest: str
    altered: bool


class Stow:
    """Takes the body of one request; what comes out goes on. Refused ends it."""

    def __init__(self, boundary: bytes, new_boundary: bytes, command: str, assessor: Assessor) -> None:
        self.passed: list[Passed] = []
        self._multipart = Multipart(boundary)
        self._delimiter = b"--" + new_boundary
        self._command = command
        self._assessor = assessor
        self._part: _Part | None = None
        self._begun = False

    def feed(self, data: bytes) -> list[bytes]:
        """The next bytes of the body; returns what goes on."""
        try:
            return [piece for event in self._multipart.feed(data) for piece in self._take(event)]
        except (MultipartError, Part10Error) as error:
            raise refuse(Reason.PROTOCOL, str(error)) from error

    def end(self) -> list[bytes]:
        """The body is over; returns the last bytes that go on."""
        try:
            self._multipart.end()
        except MultipartError as error:
            raise refuse(Reason.PROTOCOL, str(error)) from error
        return [b"\r\n" + self._delimiter + b"--\r\n"]

    def dismiss(self) -> None:
        """The request ended before its body did."""
        if self._part is not None:
            self._part.dismiss()

    def _take(self, event: PartBegins | PartEnds | bytes) -> Iterator[bytes]:
        if isinstance(event, PartBegins):
            _check_part(event)
            line = b"\r\n" if self._begun else b""
            self._begun = True
            self._part = _Part(line + self._delimiter + b"\r\n", self._command, self._assessor)
        elif self._part is not None:
            if isinstance(event, PartEnds):
                yield from self._part.end()  # the last bytes of the object wait for the delimiter that follows
                self.passed.append(self._part.told())
                self._part = None
            else:
                yield from self._part.feed(event)


class _Part:
    """One object."""

    def __init__(self, delimiter: bytes, command: str, assessor: Assessor) -> None:
        self._delimiter = delimiter
        self._command = command
        self._assessor = assessor
        self._held = b""
        self._head: FileHead | None = None
        self._object: _Object | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The next bytes of the object; all but the last that came go on."""
        if self._object is None:
            self._held += data
            self._open(whole=False)
        else:
            yield from self._pass(self._object.feed(data))

    def end(self) -> Iterator[bytes]:
        """The object is over: the verdict."""
        if self._object is None:
            self._open(whole=True)
        if self._object is None:
            raise Part10Error("web.part10-cut")
        yield from self._pass(self._object.end())
        yield self._held

    def told(self) -> Passed:
        """For the ledger, once it has ended."""
        if self._head is None or self._object is None:
            raise Part10Error("web.part10-cut")
        return self._object.told(self._head)

    def dismiss(self) -> None:
        """The request ended before the object did."""
        if self._object is not None:
            self._object.dismiss()

    def _pass(self, pieces: Iterable[Bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield self._held
            self._held = bytes(piece)

    def _open(self, *, whole: bool) -> None:
        """Reads the head and asks for the decision, once enough of the data set is there."""
        head = self._head = self._head or read_head(self._held)
        if head is None or (len(self._held) < head.size + FIRST_BYTES and not whole):
            return
        first = self._held[head.size :]
        sop_class = dataset_class(head.transfer_syntax, first[:FIRST_BYTES])
        if sop_class != head.sop_class:
            raise Part10Error("web.part10-class")  # what is judged would not be what is stored
        operation = Operation(
            task=Task.STORE, command=self._command, sop_class=sop_class, transfer_syntax=head.transfer_syntax
        )
        self._object = _Object(self._assessor, operation)
        pieces = map(bytes, self._object.feed(first))
        self._held = b"".join((self._delimiter, _PART_HEADER, head.rewritten, *pieces))


class _Object:
    """A data set that was allowed, or that a rule holds."""

    def __init__(self, assessor: Assessor, operation: Operation) -> None:
        self._assessor = assessor
        self._operation = operation
        self._decision = assessor.allow(operation)
        self._inspector, self._rewriter = assessor.instruments(self._decision, operation.transfer_syntax)
        self._inspector.sop_class = operation.sop_class
        self._most = assessor.bound(self._decision)
        self._copy = assessor.copy(self._decision, operation)
        self._size = 0
        self._told = self._given_up = False

    def feed(self, data: bytes) -> Iterable[Bytes]:
        """The next bytes; returns what may go on."""
        pieces = (*self._rewriter.feed(data), *self._ask(self._rewriter)) if self._rewriter else (data,)
        return [piece for piece in pieces if self._look(piece)]

    def end(self) -> Iterable[Bytes]:
        """The data set is over: the verdict."""
        pieces = (*self._rewriter.end(), *self._ask(self._rewriter)) if self._rewriter else ()
        last = [piece for piece in pieces if self._look(piece)]
        finding = self._inspector.end()
        self._speak(finding)
        self._assessor.sized(self._decision, self._operation, self._size)
        if not self._decision.passes:
            copy, self._copy = self._copy, None
            self._assessor.held(self._decision, self._operation, copy)
        self.dismiss()
        return last

    def told(self, head: FileHead) -> Passed:
        """For the ledger."""
        return Passed(
            instance=self._inspector.instance or head.instance,
            study=self._inspector.study,
            sop_class=head.sop_class,
            transfer_syntax=head.transfer_syntax,
            size=self._size,
            pixel_digest=self._inspector.pixel_digest,
            dataset_digest=self._inspector.dataset_digest,
            altered=self._rewriter is not None and self._rewriter.altered,
        )

    def dismiss(self) -> None:
        """What was copied is not needed."""
        if self._copy is not None:
            self._copy.abort()
            self._copy = None

    def _look(self, data: Bytes) -> bool:
        """Measures, copies and inspects; may it go on (once nothing is found)?"""
        self._size += len(data)
        if self._most and self._size > self._most:
            self._assessor.sized(self._decision, self._operation, self._size)
        if self._copy is not None:
            self._write(self._copy, data)
        self._inspector.feed(data)
        self._speak(self._inspector.finding)
        return self._decision.passes

    def _ask(self, rewriter: Rewriter) -> Iterable[Bytes]:
        """What cannot be rewritten goes nowhere, or, where the guard fails open, on as it is."""
        if rewriter.finding is None or self._given_up:
            return ()
        self._speak(rewriter.finding)
        self._given_up = True
        return rewriter.give_up()

    def _speak(self, finding: Finding | None) -> None:
        if finding is not None and not self._told:
            self._told = True
            copy, self._copy = self._copy, None
            self._assessor.found(self._decision, self._operation, finding, self._inspector, copy)

    def _write(self, copy: EvidenceWriter, data: Bytes) -> None:
        try:
            copy.write(data)
        except OSError:
            self.dismiss()


def stow_boundary(content_type: str) -> bytes:
    """The boundary of a request with DICOM objects. Refused for all else, DICOM JSON and XML with loose bulk data
    among it: what they hold could not be judged as one object."""
    media = read_media_type(content_type)
    if media is None or media.name != "multipart/related":
        raise refuse(Reason.PROTOCOL, "web.stow-type", status=415)
    inner = read_media_type(media.parameters.get("type", ""))
    if inner is None or inner.name != "application/dicom":
        raise refuse(Reason.PROTOCOL, "web.stow-type", status=415)
    if not media.boundary:
        raise refuse(Reason.PROTOCOL, "web.multipart-boundary")
    return media.boundary


def _check_part(part: PartBegins) -> None:
    media = read_media_type(part.fields.get("content-type", ""))
    if media is None or media.name != "application/dicom":
        raise refuse(Reason.PROTOCOL, "web.stow-type", status=415)
    if part.fields.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit"):
        raise refuse(Reason.PROTOCOL, "web.stow-encoding", status=415)
    if "content-encoding" in part.fields:
        raise refuse(Reason.PROTOCOL, "web.stow-encoding", status=415)
