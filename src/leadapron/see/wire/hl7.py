"""HL7 v2 over MLLP: who sends which messages to whom. Nothing behind MSH and MSA is read (HL7 v2.5 §2, appendix C)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, auto
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from leadapron.model.events import ClockReading, Hl7Session, Hl7Traffic, Service
from leadapron.see.wire.dissector import STOP, Conversation, Dissector, Match, Side
from leadapron.see.wire.text import printable

MAX_HEAD: Final = 4 * 1024
"""Bytes of one segment that are looked at."""
MAX_MESSAGE: Final = 16 * 1024 * 1024
"""Bytes after which a message has no end."""
MAX_ROWS: Final = 64
"""Distinct kinds of messages told apart on one connection."""
MAX_FIELD: Final = 64
OVERFLOW: Final = "…"
"""Message type of the row that counts all kinds beyond MAX_ROWS."""

START_BLOCK, END_BLOCK = 0x0B, 0x1C
_LINE_ENDS: Final = b"\r\n"
MARK: Final = rb"[!-/:-@\[-`{-~]"
_HEADERS: Final = (b"MSH", b"FHS", b"BHS")
_BATCH_HEADERS: Final = (b"FHS", b"BHS")
_WITH_MSA: Final = (b"MSA", b"SFT", b"UAC", b"ARV")
"""MSA and the segments that may stand between it and MSH (HL7 v2.8 §2.14)."""

_HEADER: Final = re.compile(rb"(?:MSH|FHS|BHS)(?=" + MARK + rb")")
_FRAMED: Final = re.compile(rb"\x0b(?:MSH|FHS|BHS)" + MARK)
_FRAMED_SURELY: Final = re.compile(rb"\x0b(?:MSH|FHS|BHS)(" + MARK + rb")" + MARK + rb"{3,5}\1")
_BARE: Final = b"MSH|^~\\&"
SEGMENT_END: Final = re.compile(rb"[\r\n\x1c]")
_MESSAGE_END: Final = re.compile(rb"\x1c|\x0b(?=(?:MSH|FHS|BHS)" + MARK + rb")")
_BATCH_MESSAGE_END: Final = re.compile(rb"\x1c|[\x0b\r\n](?=(?:MSH|FHS|BHS)" + MARK + rb")")
_LOOKAHEAD: Final = 5
"""Bytes held back while searching: a start block and the header after it may be cut anywhere."""
FILLER: Final = b"\r\n\x1c\x00 "
"""Bytes that may stand between messages without meaning."""

CODE: Final = re.compile(rb"[A-Za-z0-9_]{1,8}")
_VERSION: Final = re.compile(rb"\d(?:\.\d{1,2}){0,2}")
_ACKNOWLEDGEMENTS: Final = frozenset((b"AA", b"AE", b"AR", b"CA", b"CE", b"CR"))
_TIME: Final = re.compile(rb"(\d{14})(?:\.\d{1,4})?(?:([+-])(\d\d)(\d\d))?")


class _State(Enum):
    """Where in the stream a side is."""

    BETWEEN = auto()
    HEADER = auto()
    AFTER_HEADER = auto()
    BODY = auto()
    LOST = auto()
    """Looking for the next start block after a gap or after bytes that are not HL7."""


class _Half(Struct):
    """One side."""

    by_client: bool
    state: _State = _State.BETWEEN
    batch: bool = False
    """Messages may follow each other without blocks: in a batch, or where no start block was sent."""
    pending: Hl7Traffic | None = None
    """A message whose MSA may still come."""
    size: int = 0
    clock_read: bool = False


class Hl7Dissector(Dissector):
    """Streams through messages: keeps what MSH says, counts, and forgets the rest as it passes."""

    service = Service.HL7

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._halves = {side: _Half(by_client=side is Side.CLIENT) for side in Side}
        self._counts: dict[Hl7Traffic, int] = {}
        self._messages = 0
        self._gaps = 0

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        """A start block and a header segment, or a bare MSH with the usual encoding characters."""
        if _FRAMED.match(head) or head.startswith(_BARE):
            return Match.YES
        possible = (*(b"\x0b" + header for header in _HEADERS), _BARE)
        return Match.MORE if any(start.startswith(head) for start in possible) else Match.NO

    @classmethod
    def recognise_midstream(cls, side: Side, head: bytes) -> Match:
        """A start block, a header segment and its encoding characters between two equal separators."""
        if _FRAMED_SURELY.match(head):
            return Match.YES
        plausible = cls.recognise(side, head) is not Match.NO and head[:1] in (b"", b"\x0b")
        return Match.MORE if plausible and len(head) < 11 else Match.NO

    def feed(self, side: Side, data: bytes) -> int:
        half = self._halves[side]
        at = 0
        while at < len(data):
            match half.state:
                case _State.BETWEEN:
                    step = self._between(half, data, at)
                case _State.HEADER:
                    step = self._header(half, data, at)
                case _State.AFTER_HEADER:
                    step = self._after_header(half, data, at)
                case _State.BODY:
                    step = self._body(half, data, at)
                case _State.LOST:
                    step = _find_again(half, data, at)
            if step is None:
                return at
            if step == STOP:
                return STOP
            at += step
        return at

    def gap(self, side: Side, size: int) -> int:
        """Lost bytes cost the messages they belonged to; the next start block is a firm footing again."""
        half = self._halves[side]
        self._gaps += 1
        self._count(half)
        half.state = _State.LOST
        return 0

    def close(self) -> None:
        for half in self._halves.values():
            self._count(half)
        if not self._messages:
            return
        conversation = self.conversation
        conversation.emit(
            Hl7Session(
                **self.whereabouts(),
                traffic=tuple(replace(row, messages=count) for row, count in self._counts.items()),
                messages=self._messages,
                gaps=self._gaps,
            )
        )

    def _between(self, half: _Half, data: bytes, at: int) -> int | None:
        """Before a message: skip leftovers of the last one, then take the start block or a bare header."""
        if data[at] in FILLER:
            return _run_length(data, at, FILLER)
        half.size = 0
        if data[at] == START_BLOCK:
            half.batch, half.state = False, _State.HEADER
            return 1
        start = data[at : at + 4]
        if _HEADER.match(start):
            half.batch, half.state = True, _State.HEADER
            return 0
        if len(start) < 4 and any(header.startswith(start[:3]) for header in _HEADERS):
            return None
        self.conversation.anomaly("hl7.framing")
        half.state = _State.LOST
        return 0

    def _header(self, half: _Half, data: bytes, at: int) -> int | None:
        """A header segment: MSH opens a message, FHS and BHS wrap several (HL7 v2.5 §2.10.3)."""
        if data[at] in _LINE_ENDS:
            return _run_length(data, at, _LINE_ENDS)
        segment = _segment(data, at)
        if segment is None:
            return None
        if not _HEADER.match(segment):
            self.conversation.anomaly("hl7.header")
            half.state = _State.BODY
            return len(segment)
        if segment.startswith(_BATCH_HEADERS):
            half.batch, half.state = True, _State.BODY
            return len(segment)
        fields = segment.split(segment[3:4])
        half.pending = traffic_of(fields, by_client=half.by_client)
        half.state = _State.AFTER_HEADER
        self._read_clock(half, field_of(fields, 7))
        return len(segment)

    def _after_header(self, half: _Half, data: bytes, at: int) -> int | None:
        """An acknowledgement has MSA right behind MSH: its first field says how it ended (§2.15.8)."""
        near = data[at : at + MAX_HEAD]
        start = at + _run_length(data, at, _LINE_ENDS)
        name = data[start : start + 3]
        if len(name) < 3 and len(near) < MAX_HEAD and any(other.startswith(name) for other in _WITH_MSA):
            return None
        if start > at and name in _WITH_MSA:
            segment = _segment(data, start)
            if segment is None:
                return None
            if name != b"MSA":
                return start - at + len(segment)
            code = segment[4:6]
            if half.pending and code in _ACKNOWLEDGEMENTS:
                half.pending = replace(half.pending, acknowledgement=code.decode("ascii"))
        elif start == at and near[0] != END_BLOCK:
            self.conversation.anomaly("hl7.header-length")
        self._count(half)
        half.state = _State.BODY
        return 0

    def _body(self, half: _Half, data: bytes, at: int) -> int | None:
        """Skip to the end of the message, keeping nothing."""
        limit = min(len(data), at + MAX_MESSAGE - half.size)
        ends = _BATCH_MESSAGE_END if half.batch else _MESSAGE_END
        found = ends.search(data, at, limit)
        if found:
            if found.group() == b"\x0b":
                self.conversation.anomaly("hl7.no-end")
            half.state = _State.BETWEEN
            return found.start() - at
        step = max(0, limit - at - _LOOKAHEAD)
        half.size += step
        if half.size >= MAX_MESSAGE - _LOOKAHEAD:
            self.conversation.anomaly("hl7.no-end")
            return STOP
        return step or None

    def _count(self, half: _Half) -> None:
        row, half.pending = half.pending, None
        if row is None:
            return
        self._messages += 1
        if row not in self._counts and len(self._counts) >= MAX_ROWS:
            row = _row(by_client=row.by_client, message_type=OVERFLOW)
        self._counts[row] = self._counts.get(row, 0) + 1

    def _read_clock(self, half: _Half, value: bytes) -> None:
        """MSH-7 is the sender's clock when it made the message, once per side."""
        if half.clock_read:
            return
        now = self.conversation.now()
        told = _time(value)
        if told is None:
            return
        half.clock_read = True
        sender = self.conversation.client if half.by_client else self.conversation.server
        self.conversation.emit(
            ClockReading(
                ts=now,
                sensor=self.conversation.sensor,
                packet=self.conversation.current_packet(),
                ip=sender.ip,
                source=Service.HL7,
                offset=round(((told if told.tzinfo else told.replace(tzinfo=UTC)) - now).total_seconds()),
                zone_known=told.tzinfo is not None,
            )
        )


def _run_length(data: bytes, at: int, among: bytes) -> int:
    """How many of the next bytes (of MAX_HEAD at most) are `among` these."""
    near = data[at : at + MAX_HEAD]
    return len(near) - len(near.lstrip(among))


def _segment(data: bytes, at: int) -> bytes | None:
    """The segment at `at` without its end, cut at MAX_HEAD; None while its end has not come."""
    found = SEGMENT_END.search(data, at, at + MAX_HEAD)
    if found:
        return data[at : found.start()]
    return data[at : at + MAX_HEAD] if len(data) - at >= MAX_HEAD else None


def _find_again(half: _Half, data: bytes, at: int) -> int | None:
    found = _FRAMED.search(data, at)
    if found:
        half.state = _State.BETWEEN
        return found.start() - at
    return max(0, len(data) - at - _LOOKAHEAD) or None


def _row(*, by_client: bool, message_type: str) -> Hl7Traffic:
    return Hl7Traffic(
        by_client=by_client,
        message_type=message_type,
        sending_application="",
        sending_facility="",
        receiving_application="",
        receiving_facility="",
        version="",
        messages=0,
    )


def traffic_of(fields: list[bytes], *, by_client: bool) -> Hl7Traffic:
    """What MSH says (§2.15.9). Its separator counts as field 1, so MSH-3 is the third of the split segment."""
    component = field_of(fields, 2)[:1] or b"^"
    kind = [part for part in field_of(fields, 9).split(component)[:2] if CODE.fullmatch(part)]
    version = field_of(fields, 12).split(component)[0]
    return replace(
        _row(by_client=by_client, message_type=b"^".join(kind).decode("ascii")),
        sending_application=_name(field_of(fields, 3), component),
        sending_facility=_name(field_of(fields, 4), component),
        receiving_application=_name(field_of(fields, 5), component),
        receiving_facility=_name(field_of(fields, 6), component),
        version=version.decode("ascii") if _VERSION.fullmatch(version) else "",
    )


def field_of(fields: list[bytes], number: int) -> bytes:
    return fields[number - 1] if number <= len(fields) else b""


def _name(value: bytes, component: bytes) -> str:
    """First component that says something of an application or facility (HD data type), as printable text."""
    said = next((part for part in value.split(component) if part.strip()), b"")
    return printable(said, MAX_FIELD)


def _time(value: bytes) -> datetime | None:
    """A time stamp precise to the second (§2.A.22), aware only if it names its offset; None for any other."""
    found = _TIME.fullmatch(value.strip())
    if not found:
        return None
    digits, sign, hours, minutes = found.groups()
    try:
        told = datetime.strptime(digits.decode("ascii"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone, if told, follows
        if sign is None:
            return told
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return told.replace(tzinfo=timezone(-offset if sign == b"-" else offset))
    except ValueError:
        return None
