"""LDAP (RFC 4511): was a directory password sent in clear? Names, passwords and entries are never kept."""

from __future__ import annotations

from leadapron.model.events import Service
from leadapron.see.wire import ber
from leadapron.see.wire.banner import BannerDissector
from leadapron.see.wire.dissector import STOP, Conversation, Match, Side
from leadapron.see.wire.text import printable

MAX_HEAD = 4096
"""Bytes of a message that are looked at; the rest is skipped."""
MAX_MESSAGE = 256 * 1024 * 1024
"""Bytes that a message may claim to have."""
MAX_MESSAGES = 64
"""Messages of one side after which no bind is expected any more."""

BIND_REQUEST, BIND_RESPONSE, UNBIND, SEARCH = 0x60, 0x61, 0x42, 0x63
EXTENDED_REQUEST, EXTENDED_RESPONSE = 0x77, 0x78
SIMPLE, SASL = 0x80, 0xA3
REQUEST_NAME = 0x80
START_TLS = b"1.3.6.1.4.1.1466.20037"
SUCCESS = 0

_FIRST = {
    Side.CLIENT: frozenset((BIND_REQUEST, SEARCH, EXTENDED_REQUEST)),
    Side.SERVER: frozenset((BIND_RESPONSE, 0x64, 0x65, 0x73, EXTENDED_RESPONSE)),
}


class LdapDissector(BannerDissector):
    """Binds and StartTLS; everything else is passed over."""

    service = Service.LDAP

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._messages = [0, 0]
        self._tls_asked = False
        self._password_sent = False
        self._finished = False

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if head[:1] != b"\x30"[: len(head)]:
            return Match.NO
        try:
            found = _operation(head)
        except ber.BerError:
            return Match.NO
        if found is None:
            return Match.MORE
        return Match.YES if found.tag in _FIRST[side] else Match.NO

    def feed(self, side: Side, data: bytes) -> int:
        position = 0
        while not self._finished and position < len(data):
            head = data[position : position + MAX_HEAD]
            try:
                message = ber.header(head, 0)
                if message is None or len(head) < min(message.end, MAX_HEAD):
                    return position
                if message.end > MAX_MESSAGE:
                    raise ber.BerError
                self._message(side, head[: message.end])
            except ber.BerError:
                # After a SASL bind the stream may be sealed (RFC 4511 §4.2): no longer ours to read.
                self.conversation.anomaly("ldap.encoding")
                return STOP
            position += message.end
            self._messages[side] += 1
            if self._messages[side] >= MAX_MESSAGES:
                return STOP
        return STOP if self._finished else position

    def _message(self, side: Side, head: bytes) -> None:
        operation = _operation(head)
        if operation is None:
            raise ber.BerError
        self.seen = True
        end = min(operation.end, len(head))
        if side is Side.CLIENT:
            if operation.tag == BIND_REQUEST:
                self._bind(head, operation.start, end)
            elif operation.tag == EXTENDED_REQUEST:
                name = ber.element(head, operation.start, end, REQUEST_NAME)
                self._tls_asked = head[name.start : name.end] == START_TLS
        elif operation.tag in (BIND_RESPONSE, EXTENDED_RESPONSE):
            code, _ = ber.integer(head, operation.start, end, ber.ENUMERATED)
            self._answer(operation.tag, accepted=code == SUCCESS)

    def _bind(self, head: bytes, start: int, end: int) -> None:
        """version INTEGER, name LDAPDN, authentication CHOICE (§4.2); no password means no credential (§5.1.2)."""
        _, position = ber.integer(head, start, end)
        name = ber.element(head, position, end, ber.OCTET_STRING)
        choice = ber.element(head, name.end, end)
        self._password_sent = False
        if choice.tag == SASL:
            mechanism = ber.element(head, choice.start, choice.end, ber.OCTET_STRING)
            word = printable(head[mechanism.start : mechanism.end], 24).lower()
            self.security = f"sasl-{word}"
            self._password_sent = word == "plain"
        elif choice.tag == SIMPLE:
            self._password_sent = choice.end > choice.start
            self.security = "simple" if self._password_sent else "anonymous"
        self.login_seen = self.login_seen or self._password_sent

    def _answer(self, tag: int, *, accepted: bool) -> None:
        if tag == BIND_RESPONSE:
            if accepted and self._password_sent:
                self.login_accepted = True
            self._finished = accepted and (self._password_sent or self.security.startswith("sasl"))
        elif self._tls_asked and accepted:
            self.encrypted, self.security, self._finished = True, "tls", True


def _operation(head: bytes) -> ber.Element | None:
    """The protocolOp of the LDAPMessage (§4.1.1) at the start of `head`; None while it is incomplete."""
    message = ber.header(head, 0)
    if message is None or len(head) < message.start + 3:
        return None
    size = head[message.start + 1]
    if message.tag != ber.SEQUENCE or head[message.start] != ber.INTEGER or not 1 <= size <= 4:
        raise ber.BerError
    return ber.header(head, message.start + 2 + size)
