"""Syslog (RFC 3164, RFC 5424; over TCP RFC 6587): which host sends which application's logs where.

Of a message only its header is read; its text is searched for nothing but the mark of a DICOM audit message.
"""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import Struct

from leadapron.model.events import ClockReading, Event, Service, SyslogSeen
from leadapron.see.wire.dissector import STOP, Conversation, Datagram, DatagramProtocol, Dissector, Match, Side

PORT = 514
MAX_HEAD = 2048
"""Bytes of a message that are looked at."""
MAX_MESSAGE = 8 * 1024 * 1024
"""Bytes that an octet count may claim."""
MAX_APPLICATIONS = 32
"""Distinct applications reported of one connection."""

AUDIT = b"<AuditMessage"
"""PS3.15 A.5.1."""
MAX_PRIORITY = 191

_PRIORITY = re.compile(rb"<(\d{1,3})>")
_MODERN = re.compile(rb"1 (\S{1,40}) (?:\S{1,255}) (\S{1,48}) ")
"""VERSION TIMESTAMP HOSTNAME APP-NAME (RFC 5424 §6)."""
_STAMP_OLD = re.compile(rb"[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d{2}:\d{2}:\d{2}(?:\.\d+)? (?:[\w.:-]{0,254}[\w.-] )?")
_TAG = re.compile(rb"([\w./-]{1,48})(?:\[\d{1,10}\])?:")
_COUNT = re.compile(rb"([1-9]\d{0,6}) <")
_START = re.compile(rb"<\d{1,3}>(?:1 [\d-]|[A-Z][a-z]{2} [ \d]\d )")
_UNFINISHED = re.compile(rb"(?:[1-9]\d{0,6}(?: |$))?(?:<\d{0,3}(?:>(?:1 ?|[A-Z][a-z]{0,2} ?[ \d]?\d?)?)?)?")


class Header(Struct, frozen=True):
    """What a message's header says. `time` is empty without a zone."""

    application: str
    audit: bool
    time: datetime | None = None


def parse(message: bytes) -> Header | None:
    """Header of one message, or None if it does not start with a priority."""
    head = message[:MAX_HEAD]
    priority = _PRIORITY.match(head)
    if priority is None or int(priority[1]) > MAX_PRIORITY:
        return None
    rest = head[priority.end() :]
    audit = AUDIT in rest
    modern = _MODERN.match(rest)
    if modern:
        application = "" if modern[2] == b"-" else _text(modern[2])
        return Header(application, audit, _time(modern[1]))
    stamp = _STAMP_OLD.match(rest)
    tag = _TAG.match(rest, stamp.end() if stamp else 0)
    return Header(_text(tag[1]) if tag else "", audit)


def _text(word: bytes) -> str:
    return "".join(c for c in word.decode("latin-1") if c.isprintable())


def _time(stamp: bytes) -> datetime | None:
    """RFC 3339 time (RFC 5424 §6.2.3)."""
    try:
        moment = datetime.fromisoformat(stamp.decode("ascii"))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def dissect(datagram: Datagram) -> list[Event] | None:
    """What one datagram says."""
    header = parse(datagram.payload)
    if header is None:
        return None
    events: list[Event] = [
        SyslogSeen(
            ts=datagram.ts,
            sensor=datagram.sensor,
            packet=datagram.packet,
            ip=datagram.source.ip,
            collector=datagram.destination.ip,
            application=header.application,
            audit=header.audit,
        )
    ]
    if header.time is not None:
        events.append(
            ClockReading(
                ts=datagram.ts,
                sensor=datagram.sensor,
                packet=datagram.packet,
                ip=datagram.source.ip,
                source=Service.SYSLOG,
                offset=round((header.time - datagram.ts).total_seconds()),
            )
        )
    return events


PROTOCOL = DatagramProtocol(service=Service.SYSLOG, ports=(PORT,), dissect=dissect)


class SyslogDissector(Dissector):
    """Syslog over TCP, framed by octet counts or by line feeds (RFC 6587 §3.4)."""

    service = Service.SYSLOG

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._found: dict[tuple[str, bool], None] = {}
        self._offset: int | None = None
        self._in_long_line = False

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if side is Side.SERVER:
            return Match.NO
        count = _COUNT.match(head)
        start = count.end() - 1 if count else 0
        if _START.match(head, start):
            return Match.YES
        return Match.MORE if _UNFINISHED.fullmatch(head) else Match.NO

    def feed(self, side: Side, data: bytes) -> int:
        if side is Side.SERVER:
            return STOP
        position = 0
        while position < len(data):
            used = self._frame(data[position : position + MAX_HEAD + 16])
            if used == 0:
                break
            position += used
        return position

    def _frame(self, data: bytes) -> int:
        """Size of the frame at the start of `data` once it was read, 0 while more of it is needed."""
        if not self._in_long_line:
            count = _COUNT.match(data)
            if count:
                size, start = int(count[1]), count.end() - 1
                if size > MAX_MESSAGE:
                    self.conversation.anomaly("syslog.octet-count")
                    return STOP
                if len(data) - start < min(size, MAX_HEAD):
                    return 0
                self._message(data[start : start + size])
                return start + size
            if data[:1].isdigit() and len(data) < 9 and b"<" not in data:
                return 0
        end = data.find(b"\n", 0, MAX_HEAD)
        if end < 0 and len(data) < MAX_HEAD:
            return 0
        if not self._in_long_line:
            self._message(data[: end if end >= 0 else MAX_HEAD])
        self._in_long_line = end < 0
        return end + 1 if end >= 0 else MAX_HEAD

    def _message(self, message: bytes) -> None:
        header = parse(message)
        if header is None:
            if message.strip(b"\r\n\0 "):
                self.conversation.anomaly("syslog.priority")
            return
        if len(self._found) < MAX_APPLICATIONS:
            self._found[(header.application, header.audit)] = None
        if header.time is not None and self._offset is None:
            self._offset = round((header.time - self.conversation.now()).total_seconds())

    def close(self) -> None:
        conversation = self.conversation
        for application, audit in self._found:
            conversation.emit(
                SyslogSeen(
                    ts=conversation.start,
                    sensor=conversation.sensor,
                    packet=conversation.packet,
                    ip=conversation.client.ip,
                    collector=conversation.server.ip,
                    application=application,
                    audit=audit,
                )
            )
        if self._offset is not None:
            conversation.emit(
                ClockReading(
                    ts=conversation.start,
                    sensor=conversation.sensor,
                    packet=conversation.packet,
                    ip=conversation.client.ip,
                    source=Service.SYSLOG,
                    offset=self._offset,
                )
            )
