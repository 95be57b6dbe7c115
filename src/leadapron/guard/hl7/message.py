"""One block on its way: what is held of it, what was decided of it, and what inspection says."""

from __future__ import annotations

from typing import Final

from leadapron.guard.hl7.content import Content
from leadapron.guard.hl7.header import Header
from leadapron.guard.inspect.rules import ContentRules, Hit, ScanFailedError
from leadapron.guard.inspect.windows import Windows
from leadapron.model.guard import Action, Decision, Listener, Operation, Peer, Reason

HELD: Final = 256 * 1024
"""Bytes of a block that wait for its end. Nearly every message is shorter: refused late, nothing of it went on."""


class Message:
    """A block, which in a batch has several messages; the fields are of the one being received."""

    def __init__(self) -> None:
        self.content = Content()
        self.header: Header | None = None
        self.peer: Peer | None = None
        self.operation: Operation | None = None
        self.decision: Decision | None = None
        """What allowed it."""
        self.refusal: Reason | None = None
        """Why the whole block is swallowed."""
        self.tarpit = False
        self.fatal = False
        """Once its sender was told, the connection ends."""
        self.size = 0
        """Of the message, from its header on."""
        self.sized = False
        """Its size was judged already."""
        self.passing = False
        """Part of the block went on: what is refused now leaves an unfinished block behind."""
        self._held: list[bytes] = []
        self._held_size = 0
        self._windows: Windows | None = None

    def hold(self, piece: bytes) -> int:
        """Keep bytes until `take`; returns how many are kept."""
        self._held.append(piece)
        self._held_size += len(piece)
        return self._held_size

    def take(self) -> bytes:
        """What is held."""
        held = b"".join(self._held)
        self.drop()
        return held

    def drop(self) -> None:
        """Forget what is held."""
        self._held, self._held_size = [], 0

    def inspect(self, rules: ContentRules) -> None:
        """From here on, if the rule that allows wants it (a message has no pixels: `header` and `whole` are one)."""
        rule = self.decision.rule if self.decision else None
        if self._windows is None and (rule is None or rule.inspect != "off"):
            self._windows = Windows(rules)
            for piece in self._held:
                self._windows.add(piece)  # the headers of a batch: less than a window

    def scan(self, piece: bytes, listener: Listener) -> tuple[Decision, str] | None:
        """Inspection of the next bytes: a decision and the name of what was found."""
        return self._look(self._windows, piece, listener) if self._windows else None

    def scan_rest(self, listener: Listener) -> tuple[Decision, str] | None:
        """Inspection at the end of the block."""
        return self._look(self._windows, None, listener) if self._windows else None

    def _look(self, windows: Windows, piece: bytes | None, listener: Listener) -> tuple[Decision, str] | None:
        rule = self.decision.rule if self.decision else None
        try:
            hit: Hit | None = windows.border() if piece is None else windows.add(piece)
        except ScanFailedError:
            self._windows = None
            action = Action.ALLOW if listener.fail == "open" else Action.DENY
            return Decision(action=action, reason=Reason.BLIND, rule=rule), "scan-failed"
        if hit is None:
            return None
        self._windows = None
        shadow = rule is not None and rule.shadow
        return Decision(action=Action.DENY, reason=Reason.CONTENT, rule=rule, shadow=shadow), hit.rule
