"""A connection with TLS: the same link, with OpenSSL between the socket and the conversation.

OpenSSL works on memory, not on the socket, so that one place reads, writes and ends connections, with or without TLS.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

from leadapron.guard.conversation import Bytes
from leadapron.guard.shell.link import Link, Owner
from leadapron.guard.shell.poller import Poller
from leadapron.see.wire.dissector import Side

_RECORD = 16 * 1024
"""Bytes of plain text in one TLS record (RFC 8446 §5.1)."""


class SecureLink(Link):
    """One of a relay's two connections, with TLS."""

    __slots__ = ("_inward", "_outward", "_standing", "_tls")

    def __init__(
        self,
        sock: socket.socket,
        side: Side,
        owner: Owner,
        poller: Poller,
        context: ssl.SSLContext,
        *,
        name: str = "",
        connecting: bool = False,
    ) -> None:
        """`name`: what an upstream's certificate must hold."""
        self._inward, self._outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._inward, self._outward, server_side=side is Side.CLIENT, server_hostname=name or None
        )
        self._standing = False
        super().__init__(sock, side, owner, poller, connecting=connecting)

    @property
    def certificate(self) -> bytes:
        """The peer's, in DER; empty if it showed none."""
        return self._tls.getpeercert(binary_form=True) or b""

    def stand(self) -> None:
        """As `Link`: TLS comes first."""
        self._handshake()
        self.resume()

    def take(self, data: bytes) -> None:
        """As `Link`: encrypted bytes were read."""
        self._inward.write(data)
        if not self._standing and not self._handshake():
            return
        self._decrypt()

    def _handshake(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._send_out()
            return False
        except (ssl.SSLError, ValueError):
            self._send_out()  # the alert that tells the peer why
            self._fail()
            return False
        self._standing = True
        self._send_out()
        if self.side is Side.CLIENT:
            self._owner.secured(self)
        else:
            self._owner.connected(self)
        return not self.closed

    def _fail(self) -> None:
        if self.side is Side.SERVER and not self._standing:
            self._owner.unconnected(self)
        else:
            self.end()

    def _decrypt(self) -> None:
        pieces = []
        read = self._tls.read
        over = False
        while True:
            try:
                piece = read(_RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError:  # its end (close_notify), or not what its key would have written
                over = True
                break
            if not piece:
                over = True
                break
            pieces.append(piece)
        if self._outward.pending:  # answers of TLS itself (key update)
            self._send_out()
        if pieces:
            self._owner.received(self.side, pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if over and not self.closed:
            self.end()

    def end(self) -> None:
        """As `Link`; before TLS stands, an upstream that ends is one that cannot be reached."""
        if self.side is Side.SERVER and not self._standing:
            self._owner.unconnected(self)
        else:
            super().end()

    def write(self, chunks: Sequence[Bytes]) -> None:
        """As `Link`."""
        encrypt = self._tls.write
        try:
            for chunk in chunks:
                size = len(chunk)
                done = encrypt(chunk)
                if done < size:
                    view = memoryview(chunk)
                    while done < size:
                        done += encrypt(view[done:])
        except ssl.SSLError:  # the peer has broken it off
            self._silence()
            return
        self._send_out()

    def _send_out(self) -> None:
        if self._outward.pending:
            super().write([self._outward.read()])

    def finish(self) -> None:
        """As `Link`: the end is told inside TLS too (RFC 8446 §6.1)."""
        if self._standing and not self._finishing:
            try:
                self._tls.unwrap()
            except (ssl.SSLError, ValueError):  # it waits for the peer's end, which nobody needs
                pass
            self._send_out()
        super().finish()
