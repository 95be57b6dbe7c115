"""What protocols that name themselves have in common: one `BannerSession`, and commands as lines of text."""

from __future__ import annotations

from abc import abstractmethod

from leadapron.model.events import BannerSession
from leadapron.see.wire.dissector import STOP, Conversation, Dissector, Side

MAX_BANNER = 120
"""Characters kept of a banner."""
MAX_LINE = 2048
"""Bytes of a line that are looked at; the rest of a longer line is passed over."""


class BannerDissector(Dissector):
    """Gathers what a `BannerSession` says and emits it once, if the protocol was really spoken (`seen`)."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self.seen = False
        self.server_banner = ""
        self.client_banner = ""
        self.login_seen = False
        self.login_accepted = False
        self.security = ""
        self.encrypted = False

    def close(self) -> None:
        if not self.seen:
            return
        conversation = self.conversation
        conversation.emit(
            BannerSession(
                **self.whereabouts(),
                service=self.service,
                server_banner=self.server_banner,
                client_banner=self.client_banner,
                login_seen=self.login_seen,
                login_accepted=self.login_accepted,
                security=self.security,
                encrypted=self.encrypted,
            )
        )


class LineDissector(BannerDissector):
    """A protocol of CRLF-ended lines. `line` is called for each; it returns True when nothing more of either side
    is wanted."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self.finished = False
        self._in_long_line = [False, False]

    @abstractmethod
    def line(self, side: Side, line: bytes) -> bool:
        """Take one line, its end removed, cut at `MAX_LINE`."""

    def feed(self, side: Side, data: bytes) -> int:
        position = 0
        while not self.finished:
            end = data.find(b"\n", position, position + MAX_LINE)
            if end < 0 and len(data) - position < MAX_LINE:
                return position
            continued = self._in_long_line[side]
            self._in_long_line[side] = end < 0
            start, position = position, end + 1 if end >= 0 else position + MAX_LINE
            if not continued:
                self.finished = self.line(side, data[start:position].rstrip(b"\r\n"))
        return STOP
