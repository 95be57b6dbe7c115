"""What a relay asks of the listener it came in by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from leadapron.guard.conversation import Conversation
from leadapron.model.guard import Limits

if TYPE_CHECKING:
    from leadapron.guard.shell.link import Link
    from leadapron.guard.shell.relay import Relay


class House(Protocol):
    """What a relay asks of its listener."""

    @property
    def name(self) -> str:
        """Of the listener."""

    @property
    def limits(self) -> Limits:
        """Of the policy in force."""

    @property
    def draining(self) -> bool:
        """Is the guard about to stop?"""

    def converse(self, relay: Relay) -> Conversation:
        """A conversation for a new client, its TLS included."""

    def reach(self, relay: Relay, upstream: str) -> Link | None:
        """A link that is connecting; None if that failed at once."""

    def ordered(self, upstreams: list[str]) -> list[str]:
        """Those to try first, first."""

    def reached(self, upstream: str, link: Link | None) -> None:
        """What became of it; None: it could not be reached."""

    def may_wait(self) -> bool:
        """Is a place free for a peer that has to wait?"""

    def waited(self) -> None:
        """That place is free again."""

    def opened(self) -> None:
        """The opening of a protocol has come."""

    def aborted(self) -> None:
        """A limit of time ended it, or the guard reset it."""

    def fault(self, relay: Relay, error: Exception) -> None:
        """A defect ended it."""

    def left(self, relay: Relay) -> None:
        """It is over, and its files are closed."""
