"""HTTP/1.x over one connection (RFC 9112): heads are read, bodies are passed over by arithmetic."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

from msgspec import Struct

from leadapron.model.events import ClockReading, HttpSession, Service
from leadapron.see.wire.dissector import STOP, Conversation, Dissector, Match, Side
from leadapron.see.wire.http.credentials import FORM_PEEK, credentials_of, has_password_field, may_log_in
from leadapron.see.wire.http.head import (
    MAX_HEAD,
    Body,
    Framing,
    Head,
    RequestLine,
    StatusLine,
    head_end,
    parse_head,
    parse_line,
    request_framing,
    response_framing,
)
from leadapron.see.wire.http.ledger import Ledger, Request
from leadapron.see.wire.http.target import read_target
from leadapron.see.wire.http.words import METHODS
from leadapron.see.wire.text import printable

MAX_CHUNK_LINE: Final = 4 * 1024
MAX_SKIP: Final = 1 << 30
"""Bytes skipped at a time, well below what sequence numbers can tell apart."""
MAX_SOFTWARE: Final = 120
LONG_LINE: Final = 1024
"""A request line is taken for one after so many bytes even if its end is out of sight."""

UNKNOWN_METHOD: Final = "OTHER"

_STATUS_START: Final = b"HTTP/1."
_REQUEST_START: Final = re.compile(rb"[A-Z][A-Z_-]{0,19}(?: [^\x00-\x1f\x7f]*)?")
_HOST: Final = re.compile(rb"[A-Za-z0-9._:\[\]-]{1,255}")
_CHUNK_SIZE: Final = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
_DATE: Final = re.compile(rb"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT")
_MONTHS: Final = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")


class _State(Enum):
    """What a side's next bytes are."""

    HEAD = auto()
    BODY = auto()
    FORM = auto()
    """The first bytes of a body that may be a login form."""
    CHUNK_SIZE = auto()
    TRAILER = auto()
    LOST = auto()
    """After a gap: waiting for a segment that begins with a start line."""


class _Half(Struct):
    """One side. `left`: bytes still to pass over; `then`: what comes behind them; `request`: whose form this is."""

    state: _State = _State.HEAD
    left: int = 0
    then: _State = _State.HEAD
    request: Request | None = None


class HttpDissector(Dissector):
    """One session: shapes of requests and how they were answered."""

    service = Service.HTTP

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._halves = {side: _Half() for side in Side}
        self._swapped = False
        self._ledger = Ledger()
        self._seen = False
        self._tunnel = False
        """Both sides agreed to speak something else (CONNECT, 101)."""
        self._host = ""
        self._server_software = ""
        self._user_agent = ""
        self._challenged = False
        self._clock_read = False
        self._gaps = 0

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        """A whole start line, or a request line so long that only its beginning is seen."""
        known = cls.recognise_midstream(side, head)
        if known is Match.MORE and len(head) > LONG_LINE:
            method, _, target = head.partition(b" ")
            if method.decode("latin-1") in METHODS and target.startswith((b"/", b"http://")):
                return Match.YES
        return known

    @classmethod
    def recognise_midstream(cls, side: Side, head: bytes) -> Match:
        """A whole request or status line."""
        line, newline, _ = head.lstrip(b"\r\n").partition(b"\n")
        if newline:
            return Match.YES if parse_line(line.rstrip(b"\r")) else Match.NO
        line = line.rstrip(b"\r")
        known = line.startswith(_STATUS_START) or _STATUS_START.startswith(line) or _REQUEST_START.fullmatch(line)
        return Match.MORE if known else Match.NO

    def feed(self, side: Side, data: bytes) -> int:
        role = side.other if self._swapped else side
        half = self._halves[role]
        at = 0
        while at < len(data):
            match half.state:
                case _State.HEAD:
                    step = self._head(half, data, at)
                case _State.BODY:
                    step = _pass_over(half)
                case _State.FORM:
                    step = _form(half, data, at)
                case _State.CHUNK_SIZE:
                    step = self._chunk_size(half, data, at)
                case _State.TRAILER:
                    step = self._trailer(half, data, at)
                case _State.LOST:
                    step = _find_again(half, data, at, self._role(half))
            if step is None:
                return at
            if step == STOP:
                return STOP
            at += step
        return at

    def gap(self, side: Side, size: int) -> int:
        """A lost head costs its exchange and the pairing of those under way."""
        self._gaps += 1
        self._ledger.lose()
        self._halves[side.other if self._swapped else side].state = _State.LOST
        return 0

    def close(self) -> None:
        if not self._seen:
            return
        conversation = self.conversation
        conversation.emit(
            HttpSession(
                **self.whereabouts(),
                exchanges=self._ledger.exchanges(),
                requests=self._ledger.requests,
                host=self._host,
                server_software=self._server_software,
                user_agent=self._user_agent,
                challenged=self._challenged,
                gaps=self._gaps,
            )
        )

    def _role(self, half: _Half) -> Side:
        return Side.CLIENT if half is self._halves[Side.CLIENT] else Side.SERVER

    def _head(self, half: _Half, data: bytes, at: int) -> int | None:
        """A start line and its fields; returns their size, None to wait for more."""
        if self._tunnel:
            return STOP
        if data[at] in b"\r\n":
            near = data[at : at + MAX_HEAD]
            return len(near) - len(near.lstrip(b"\r\n"))
        line_end = data.find(b"\n", at, at + MAX_HEAD)
        if line_end < 0 and len(data) - at < MAX_HEAD:
            return None
        line = parse_line(data[at:line_end].rstrip(b"\r")) if line_end >= 0 else None
        if line is None:
            self.conversation.anomaly("http.start-line")
            return STOP
        end = head_end(data, at)
        if end < 0:
            if len(data) - at < MAX_HEAD:
                return None
            self.conversation.anomaly("http.head-length")
            return STOP
        if not self._takes_role(half, line):
            self.conversation.anomaly("http.role")
            return STOP
        head = parse_head(line, data[at:end])
        if head.malformed:
            self.conversation.anomaly("http.field")
        framing = self._request(half, head, line) if isinstance(line, RequestLine) else self._response(head, line)
        if framing.conflict:
            self.conversation.anomaly("http.length-conflict")
        return end - at if self._expect(half, framing) else STOP

    def _takes_role(self, half: _Half, line: RequestLine | StatusLine) -> bool:
        """Requests come from the client. The first message tells who that is if the capture began mid-stream."""
        role = Side.CLIENT if isinstance(line, RequestLine) else Side.SERVER
        if self._role(half) is not role:
            if self._seen:
                return False
            self._halves = {side: self._halves[side.other] for side in Side}
            self._swapped = not self._swapped
            self.conversation.swap_sides()
        return True

    def _request(self, half: _Half, head: Head, line: RequestLine) -> Framing:
        media_types = b" ".join(head.values(b"content-type") + head.values(b"accept")).lower().decode("latin-1")
        target = read_target(line.method, line.target, media_types)
        request = Request(
            line.method if line.method in METHODS else UNKNOWN_METHOD,
            target,
            credentials_of(head, target.parameters),
        )
        self._ledger.ask(request, opens=not self._seen)
        self._seen = True
        host = head.value(b"host")
        if not self._host and _HOST.fullmatch(host):
            self._host = host.decode("ascii").lower()
        self._user_agent = self._user_agent or printable(head.value(b"user-agent"), MAX_SOFTWARE)
        half.request = request if request.credentials in ("", "cookie") and may_log_in(head) else None
        return request_framing(head)

    def _response(self, head: Head, line: StatusLine) -> Framing:
        self._seen = True
        method = self._ledger.answered_method()
        self._server_software = self._server_software or printable(head.value(b"server"), MAX_SOFTWARE)
        self._challenged = self._challenged or line.status == 401
        self._read_clock(head)
        self._tunnel = line.status == 101 or (method == "CONNECT" and line.status // 100 == 2)
        if line.status >= 200 or line.status == 101:
            self._ledger.answer(line.status, head.value(b"content-type").lower().decode("latin-1"))
        return response_framing(head, line.status, method)

    def _expect(self, half: _Half, framing: Framing) -> bool:
        """Prepare for the body. False if there is no way to find its end."""
        if self._tunnel or framing.body in (Body.UNTIL_CLOSE, Body.UNKNOWABLE):
            return False
        if framing.body is Body.CHUNKED:
            half.state = _State.CHUNK_SIZE
        elif framing.length:
            half.state = _State.FORM if half.request else _State.BODY
            half.left, half.then = framing.length, _State.HEAD
        return True

    def _chunk_size(self, half: _Half, data: bytes, at: int) -> int | None:
        """The line before a chunk (§7.1), behind the end of the last one."""
        end = data.find(b"\n", at, at + MAX_CHUNK_LINE)
        if end < 0 and len(data) - at < MAX_CHUNK_LINE:
            return None
        line = data[at:end].rstrip(b"\r") if end >= 0 else b"-"
        if not line and half.then is _State.CHUNK_SIZE:
            half.then = _State.HEAD
            return end + 1 - at
        size = _CHUNK_SIZE.fullmatch(line)
        if not size:
            self.conversation.anomaly("http.chunk")
            return STOP
        half.left = int(size[1], 16)
        half.state, half.then = (_State.BODY, _State.CHUNK_SIZE) if half.left else (_State.TRAILER, _State.HEAD)
        return end + 1 - at

    def _trailer(self, half: _Half, data: bytes, at: int) -> int | None:
        """Fields behind the last chunk are of no interest, their end is."""
        end = data.find(b"\n", at, at + MAX_HEAD)
        if end < 0:
            if len(data) - at < MAX_HEAD:
                return None
            self.conversation.anomaly("http.head-length")
            return STOP
        if not data[at:end].rstrip(b"\r"):
            half.state = _State.HEAD
        return end + 1 - at

    def _read_clock(self, head: Head) -> None:
        """The server's clock, once; an answer from a cache tells of the past (RFC 9111 §5.1)."""
        told = None if self._clock_read or head.value(b"age") else _date(head.value(b"date"))
        if told is None:
            return
        self._clock_read = True
        conversation = self.conversation
        now = conversation.now()
        conversation.emit(
            ClockReading(
                ts=now,
                sensor=conversation.sensor,
                packet=conversation.current_packet(),
                ip=conversation.server.ip,
                source=Service.HTTP,
                offset=round((told - now).total_seconds()),
            )
        )


def _pass_over(half: _Half) -> int:
    """Skip the body or chunk, captured or not."""
    step = min(half.left, MAX_SKIP)
    half.left -= step
    if not half.left:
        half.state = half.then
    return step


def _form(half: _Half, data: bytes, at: int) -> int | None:
    """Wait for the first bytes of a form, look for a password field by name, and go on as with any body."""
    size = min(half.left, FORM_PEEK)
    if len(data) - at < size:
        return None
    if half.request and has_password_field(data[at : at + size]):
        half.request.credentials = "form"
    half.request = None
    half.state = _State.BODY
    return 0


def _find_again(half: _Half, data: bytes, at: int, role: Side) -> int:
    """After a gap, the next segment that begins with this side's kind of start line is taken for a head."""
    line = parse_line(data[at : at + MAX_HEAD].partition(b"\n")[0].rstrip(b"\r"))
    if at == 0 and isinstance(line, RequestLine if role is Side.CLIENT else StatusLine):
        half.state = _State.HEAD
        return 0
    return len(data) - at


def _date(value: bytes) -> datetime | None:
    """`Tue, 24 Nov 2026 08:00:00 GMT` (IMF-fixdate, RFC 9110 §5.6.7); older forms are not read."""
    found = _DATE.fullmatch(value)
    if not found or found[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    try:
        return datetime(year, _MONTHS.index(found[2]) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
