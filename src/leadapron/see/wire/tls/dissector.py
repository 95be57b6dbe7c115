"""TLS over one connection: records, handshake messages across records, and what they reveal before encryption."""

from __future__ import annotations

import re
from typing import Final

from leadapron.model.events import Certificate, Service, TlsSession
from leadapron.see.wire.dissector import STOP, Conversation, Dissector, Match, Side
from leadapron.see.wire.tls.cursor import Cursor, TruncatedError
from leadapron.see.wire.tls.hello import (
    SSL2_VERSION,
    ClientHello,
    ServerHello,
    alpn_names,
    is_ssl2_server_hello,
    parse_client_hello,
    parse_server_hello,
    parse_ssl2_client_hello,
    ssl2_hello_size,
)
from leadapron.see.wire.tls.ja4 import ja4
from leadapron.see.wire.tls.names import TLS_1_2, TLS_1_3, alert_name, cipher_name, version_name

MAX_RECORD: Final = (1 << 14) + 2048
"""Longest record body (TLSCiphertext, RFC 5246 §6.2.3)."""
FULL_RECORD: Final = 1 << 14
"""A longer record is full: bulk data is sent in these, and chance rarely hits so narrow a range of lengths."""
MAX_HANDSHAKE_MESSAGE: Final = 64 * 1024
MAX_LOST: Final = 64 * 1024
"""Bytes searched after a gap before a side is given up."""
ENCRYPTED_ALERT: Final = 19
"""Record body of a TLS 1.3 alert; the shortest other first message of a client takes 21 bytes."""

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA, _HEARTBEAT = range(20, 25)
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
_CERTIFICATE, _SERVER_KEY_EXCHANGE, _CERTIFICATE_REQUEST, _SERVER_HELLO_DONE = range(11, 15)
_FATAL: Final = 2

_POSSIBLE: Final[dict[int, dict[int, range]]] = {
    _HANDSHAKE: {
        1: range(3, 4),
        2: range(5),
        3: range(MAX_RECORD // 256 + 1),
        5: range(1, 3),
        6: range(1),
        9: range(3, 4),
        10: range(5),
    },
    _ALERT: {1: range(3, 4), 2: range(5), 3: range(1), 4: range(2, 3), 5: range(1, 3), 6: range(121)},
}
"""Kind of a first record → place of a byte → what it may be: versions, lengths, hello or alert, its version."""

_AFTER_GAP: Final = re.compile(rb"\x14\x03[\x00-\x04]\x00\x01\x01")
"""A whole ChangeCipherSpec record: found by search where record boundaries are lost."""


class _Half:
    """One side: handshake bytes not yet a whole message, and how far it has come."""

    def __init__(self) -> None:
        self.messages = bytearray()
        self.skip = 0
        """Bytes still to come of a message that is too long to keep."""
        self.started = False
        self.intact = True
        """No gap so far: what was not seen was not sent."""
        self.changed_cipher = False
        self.protected = False
        self.lost = -1
        """Bytes searched since a gap, -1 while record boundaries are known."""


class TlsDissector(Dissector):
    """Reads handshakes until both sides encrypt, then asks for no more."""

    service = Service.TLS

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._halves = {side: _Half() for side in Side}
        self._swapped = False
        self._seen = False
        self._sides_known = False
        self._hello: ClientHello | None = None
        self._version = 0
        self._record_version = 0
        self._cipher = ""
        self._alpn: tuple[str, ...] = ()
        self._certificate: Certificate | None = None
        self._certificate_requested = False
        self._client_certificate = False
        self._full_handshake = False
        self._resumed = False
        self._alert = ""
        self._alert_is_fatal = False

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        """A hello or a refusal (alert) at the start of a side: eleven bytes that must agree with each other."""
        if not head:
            return Match.MORE
        return _recognise_ssl2(head) if head[0] & 0x80 else _recognise_record(head)

    @classmethod
    def recognise_midstream(cls, side: Side, head: bytes) -> Match:
        """A hello, or application data: a full record, or one with the header of another of its version behind it."""
        known = cls.recognise(side, head)
        if known is Match.YES or len(head) < 5:
            return known
        size = _record_size(head)
        if not size or head[0] != _APPLICATION_DATA:
            return known
        if int.from_bytes(head[3:5], "big") > FULL_RECORD:
            return Match.YES
        following = head[size : size + 5]
        if len(following) < 5:
            return Match.MORE
        same = _record_size(following) and following[1:3] == head[1:3]
        return Match.YES if same else Match.NO

    def feed(self, side: Side, data: bytes) -> int:
        half = self._halves[side.other if self._swapped else side]
        at = 0
        while at < len(data):
            if half.lost >= 0:
                step = _find_again(half, data[at:])
            elif half.started:
                step = self._record(half, data, at)
            else:
                step = self._first(half, data)
            if step == STOP:
                return STOP
            if step == 0:
                break
            at += step
        return at

    def gap(self, side: Side, size: int) -> int:
        """Lost handshake bytes cost what they said; that the session came up can still be seen."""
        half = self._halves[side.other if self._swapped else side]
        half.messages.clear()
        half.skip = half.lost = 0
        half.intact = False
        half.started = True
        return 0

    def close(self) -> None:
        if not self._seen:
            return
        conversation, hello = self.conversation, self._hello
        offered = alpn_names(hello.alpn) if hello else ()
        conversation.emit(
            TlsSession(
                **self.whereabouts(),
                offered_version=version_name(hello.highest_version) if hello else "",
                version=version_name(self._version or self._record_version),
                cipher=self._cipher,
                sni=hello.server_name if hello else "",
                alpn=self._alpn or offered,
                ja4=ja4(hello) if hello else "",
                certificate=self._certificate,
                client_certificate_requested=self._certificate_requested,
                client_certificate=self._client_certificate,
                resumed=self._resumed,
                established=self._established(),
                alert=self._alert,
            )
        )

    def _established(self) -> bool:
        """Both sides encrypt, or the only side that was captured sends data."""
        client, server = self._halves[Side.CLIENT], self._halves[Side.SERVER]
        if not (client.started and server.started):
            return client.protected or server.protected
        if self._version == TLS_1_3:
            return client.protected and server.protected
        return (client.protected or client.changed_cipher) and (server.protected or server.changed_cipher)

    def _first(self, half: _Half, data: bytes) -> int:
        """The first bytes of a side: a record, or a hello in the manner of SSL 2.0."""
        if not data[0] & 0x80:
            half.started = True
            return self._record(half, data, 0)
        if len(data) < 11:
            return 0
        if is_ssl2_server_hello(data):
            self._seen = half.started = True
            self._version = SSL2_VERSION
            return STOP
        size = ssl2_hello_size(data)
        if size == 0:
            return self._no_record(half)
        if size > len(data):
            return 0
        half.started = True
        if self._takes_role(half, is_client=True):
            self._hello = parse_ssl2_client_hello(data[:size])
        return size

    def _record(self, half: _Half, data: bytes, at: int) -> int:
        """Handle the record at `at`; returns its size, 0 to wait for the rest of it, or STOP."""
        header = data[at : at + 5]
        if self._version == SSL2_VERSION:
            return STOP
        if len(header) < 5:
            return 0
        size = _record_size(header)
        if not size:
            return self._no_record(half)
        self._seen = True
        kind = header[0]
        if kind == _APPLICATION_DATA:
            self._on_application_data(half, header)
            return STOP
        if kind == _HEARTBEAT or (half.changed_cipher and kind != _CHANGE_CIPHER_SPEC):
            return size
        if at + size > len(data):
            return 0
        body = data[at + 5 : at + size]
        if kind == _HANDSHAKE:
            self._on_handshake(half, body)
        elif kind == _ALERT:
            self._on_alert(body)
        else:
            self._on_change_cipher_spec(half)
        return size

    def _no_record(self, half: _Half) -> int:
        """Give up on a side. Without any hello the capture began mid-stream, and so may this side within a record."""
        if self._seen and not self._sides_known:
            half.started = False
        else:
            self.conversation.anomaly("tls.record")
        return STOP

    def _on_application_data(self, half: _Half, header: bytes) -> None:
        """Encrypted from here on. In TLS 1.3 a client may still have sent nothing but a refusal."""
        version = int.from_bytes(header[1:3], "big")
        if version < TLS_1_2:
            self._record_version = version
        length = int.from_bytes(header[3:5], "big")
        refused = self._version == TLS_1_3 and half is self._halves[Side.CLIENT] and length <= ENCRYPTED_ALERT
        half.protected = not refused

    def _on_change_cipher_spec(self, half: _Half) -> None:
        """Before TLS 1.3 what follows is encrypted; in TLS 1.3 the record means nothing (RFC 8446 §D.4)."""
        if self._version == TLS_1_3:
            return
        half.changed_cipher = True
        if half is self._halves[Side.SERVER] and self._version and half.intact and not self._full_handshake:
            self._resumed = True

    def _on_alert(self, body: bytes) -> None:
        """Keep the first fatal alert, else the first warning that is not the ordinary end."""
        if len(body) != 2:
            self.conversation.anomaly("tls.alert")
            return
        fatal = body[0] == _FATAL
        if body[1] and (not self._alert or (fatal and not self._alert_is_fatal)):
            self._alert, self._alert_is_fatal = alert_name(body[1]), fatal

    def _on_handshake(self, half: _Half, body: bytes) -> None:
        """Handshake messages may share a record or span several (RFC 8446 §5.1)."""
        skipped = min(half.skip, len(body))
        half.skip -= skipped
        half.messages += body[skipped:]
        while len(half.messages) >= 4:
            size = 4 + int.from_bytes(half.messages[1:4], "big")
            if size > MAX_HANDSHAKE_MESSAGE:
                self.conversation.anomaly("tls.handshake-length")
                half.skip = max(0, size - len(half.messages))
                del half.messages[:size]
                continue
            if size > len(half.messages):
                return
            kind, message = half.messages[0], bytes(half.messages[4:size])
            del half.messages[:size]
            try:
                self._on_message(half, kind, message)
            except TruncatedError:
                self.conversation.anomaly("tls.handshake", f"message {kind}")

    def _on_message(self, half: _Half, kind: int, body: bytes) -> None:
        if kind in (_CLIENT_HELLO, _SERVER_HELLO) and not self._takes_role(half, is_client=kind == _CLIENT_HELLO):
            return
        from_client = half is self._halves[Side.CLIENT]
        if kind == _CLIENT_HELLO:
            self._hello = self._hello or parse_client_hello(body)
        elif kind == _CERTIFICATE and from_client:
            self._client_certificate = bool(Cursor(body).vector(3))
        elif from_client:
            return
        elif kind == _SERVER_HELLO:
            self._on_server_hello(parse_server_hello(body))
        elif kind == _CERTIFICATE:
            self._full_handshake = True
            self._on_certificate(body)
        elif kind == _CERTIFICATE_REQUEST:
            self._certificate_requested = True
        elif kind in (_SERVER_KEY_EXCHANGE, _SERVER_HELLO_DONE):
            self._full_handshake = True

    def _on_server_hello(self, hello: ServerHello) -> None:
        self._version, self._cipher = hello.version, cipher_name(hello.cipher)
        self._alpn = alpn_names(hello.alpn)
        self._resumed = hello.version == TLS_1_3 and hello.resumed and not hello.retry

    def _on_certificate(self, body: bytes) -> None:
        """The first certificate of the list is the server's own (RFC 5246 §7.4.2)."""
        chain = Cursor(Cursor(body).vector(3))
        if self._certificate is not None or not chain.left:
            return
        # Imported when the first certificate comes: reading X.509 takes a library that is slow to load.
        from leadapron.see.wire.tls.certificate import parse_certificate

        self._certificate = parse_certificate(chain.vector(3))
        if self._certificate is None:
            self.conversation.anomaly("tls.certificate")

    def _takes_role(self, half: _Half, *, is_client: bool) -> bool:
        """A hello tells who is the client; mid-stream captures may have guessed wrong. False if it contradicts."""
        first, self._sides_known = not self._sides_known, True
        self._seen = True
        if half is self._halves[Side.CLIENT if is_client else Side.SERVER]:
            return True
        if not first:
            self.conversation.anomaly("tls.role")
            return False
        self._halves = {side: self._halves[side.other] for side in Side}
        self._swapped = not self._swapped
        self.conversation.swap_sides()
        return True


def _record_size(header: bytes) -> int:
    """Size of the record with its header, 0 if this is no record header."""
    length = int.from_bytes(header[3:5], "big")
    known = _CHANGE_CIPHER_SPEC <= header[0] <= _HEARTBEAT and header[1] == 3 and header[2] <= 4
    return 5 + length if known and length <= MAX_RECORD else 0


def _find_again(half: _Half, data: bytes) -> int:
    """After a gap: records are found again at a ChangeCipherSpec, or at application data that starts a segment."""
    found = _AFTER_GAP.search(data)
    if found:
        half.lost = -1
        half.changed_cipher = True
        return found.end()
    if len(data) >= 5 and data[0] == _APPLICATION_DATA and _record_size(data[:5]):
        half.protected = True
        return STOP
    half.lost += len(data)
    return len(data) if half.lost <= MAX_LOST else STOP


def _recognise_ssl2(head: bytes) -> Match:
    if is_ssl2_server_hello(head) or ssl2_hello_size(head):
        return Match.YES
    if len(head) >= 11 or (len(head) > 2 and head[2] not in (1, 4)):
        return Match.NO
    return Match.MORE


def _recognise_record(head: bytes) -> Match:
    """Eleven bytes of a hello, or seven of an alert, that must all be possible."""
    possible = _POSSIBLE.get(head[0])
    if possible is None or any(head[at] not in values for at, values in possible.items() if at < len(head)):
        return Match.NO
    return Match.YES if len(head) > max(possible) else Match.MORE
