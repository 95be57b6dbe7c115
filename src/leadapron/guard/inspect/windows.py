"""Bytes of an object gathered into blocks for the content rules: fixed borders, overlapping, bounded."""

from __future__ import annotations

from leadapron.guard.inspect.rules import ContentRules, Hit

FIRST = 1 << 20
"""Bytes of the first block after a border: nearly every header is looked at as one."""
WINDOW = 256 * 1024
"""Bytes of the blocks that follow."""
OVERLAP = 4096
"""Bytes that a block shares with the one before it, so that nothing hides on a border."""


class Windows:
    """Gathers and asks. Borders depend on places in the object only, never on how its bytes came."""

    def __init__(self, rules: ContentRules) -> None:
        self._rules = rules
        self._parts: list[bytes] = []
        self._held = 0
        self._limit = FIRST
        self._start = 0
        """Where the held bytes begin in the object."""
        self._lost = False
        self.block = b""
        """The last block that was looked at."""
        self.block_start = 0

    @property
    def at(self) -> int:
        """Where the next byte is in the object."""
        return self._start + self._held

    def add(self, piece: bytes) -> Hit | None:
        """The next bytes; ScanFailedError where a block could not be judged."""
        self._parts.append(piece)
        self._held += len(piece)
        while self._held >= self._limit:
            gathered = b"".join(self._parts)
            hit = self._look(gathered[: self._limit])
            rest = gathered[self._limit - OVERLAP :]
            self._parts, self._held = [rest], len(rest)
            self._start += self._limit - OVERLAP
            self._limit = WINDOW
            if hit:
                return hit
        return None

    def border(self, skipped: int = 0) -> Hit | None:
        """Look at what is held; a new block begins, `skipped` bytes further on."""
        hit = self._look(b"".join(self._parts)) if self._held else None
        self._start += self._held + skipped
        self._parts, self._held, self._limit = [], 0, FIRST
        return hit

    def lost(self) -> Hit | None:
        """As `border`, where the walk was lost: what follows is no element, but may continue what came before."""
        last = b"".join(self._parts)[-OVERLAP:]
        hit = self.border()
        self._start -= len(last)
        self._parts, self._held, self._lost = [last], len(last), True
        return hit

    def _look(self, block: bytes) -> Hit | None:
        self.block, self.block_start = block, self._start
        return self._rules.scan(block, lost=self._lost)
