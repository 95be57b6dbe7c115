"""What a guard counts and who opened the glass: shared by all its connections, and kept when the policy changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from msgspec import Struct

from leadapron.model.errors import UsageError
from leadapron.model.guard import Moment

MOST_COUNTERS = 20_000
"""Of rates, one for each rule's rate and peer; the one that rested longest is forgotten (about 6 MB in all)."""
MOST_OPENINGS = 256
MOST_MINUTES = 24 * 60
MOST_NAME = 128
_SLICES = 12
"""A period slides by a twelfth of itself: never more than the amount passes in it, and the rest waits a little."""


class Opening(Struct, frozen=True, kw_only=True):
    """A person opened the glass."""

    person: str
    listener: str
    """Empty: every listener."""
    since: float
    """UNIX seconds, to be told; what counts is `ends`."""
    until: float
    ends: float
    """On the steady clock: setting the wall clock neither closes the glass nor keeps it open."""


class _Window:
    """How much came in a sliding period."""

    __slots__ = ("counts", "slot", "total")

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.total = 0
        self.counts = [0] * (_SLICES + 1)

    def turn(self, slot: int) -> None:
        passed = slot - self.slot
        if passed <= 0:
            return
        if passed > _SLICES:
            self.counts = [0] * (_SLICES + 1)
            self.total = 0
        else:
            for each in range(self.slot + 1, slot + 1):
                index = each % (_SLICES + 1)
                self.total -= self.counts[index]
                self.counts[index] = 0
        self.slot = slot


class Book:
    """Counters of rates and openings of the glass. For one event loop; nothing in it is kept over a restart."""

    def __init__(self) -> None:
        self._windows: OrderedDict[Hashable, _Window] = OrderedDict()
        self._openings: dict[str, Opening] = {}

    # ------------------------------------------------------------ rates
    def room(self, key: Hashable, amount: int, seconds: int, steady: float) -> int:
        """How much of `amount` is left for this key in the period that ends now."""
        window = self._windows.get(key)
        if window is None:
            return amount
        window.turn(int(steady * _SLICES / seconds))
        return amount - window.total

    def count(self, key: Hashable, seconds: int, number: int, steady: float) -> None:
        """So many came, which had room."""
        slot = int(steady * _SLICES / seconds)
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(slot)
            if len(self._windows) > MOST_COUNTERS:
                self._windows.popitem(last=False)
        else:
            window.turn(slot)
            self._windows.move_to_end(key)
        window.counts[window.slot % (_SLICES + 1)] += number
        window.total += number

    def __len__(self) -> int:
        return len(self._windows)

    # ------------------------------------------------------------ glass
    def open_glass(self, person: str, minutes: float, listener: str | None, now: Moment) -> Opening:
        """From now on, for so many minutes, rules hold nothing back at that listener (None: at any). A second opening
        replaces the first. UsageError: nobody is named, or the time has no end."""
        person = " ".join("".join(one if one.isprintable() else " " for one in person).split())[:MOST_NAME]
        if not person:
            raise UsageError("break-glass: no person is named; say who opens the policy")
        if not 0 < minutes <= MOST_MINUTES:
            raise UsageError(f"break-glass: {minutes:g} minutes; say a number from 1 to {MOST_MINUTES}")
        self.openings(now)
        if len(self._openings) >= MOST_OPENINGS and (listener or "") not in self._openings:
            raise UsageError("break-glass: open at too many listeners; close some first")
        opening = Opening(
            person=person,
            listener=listener or "",
            since=now.wall,
            until=now.wall + minutes * 60,
            ends=now.steady + minutes * 60,
        )
        self._openings[opening.listener] = opening
        return opening

    def close_glass(self, listener: str | None) -> tuple[Opening, ...]:
        """At that listener (None: everywhere), before its time. What was open."""
        names = list(self._openings) if listener is None else [listener]
        return tuple(self._openings.pop(name) for name in names if name in self._openings)

    def openings(self, now: Moment) -> tuple[Opening, ...]:
        """Those that are open now; those that have ended are forgotten."""
        self._openings = {name: each for name, each in self._openings.items() if each.ends > now.steady}
        return tuple(self._openings.values())

    @property
    def perhaps_open(self) -> bool:
        """Cheap: False when no glass was opened that has not been seen to end."""
        return bool(self._openings)

    def opener(self, listener: str, now: Moment) -> str:
        """Who holds the glass open at that listener; empty: nobody."""
        for name in (listener, ""):
            opening = self._openings.get(name)
            if opening and opening.ends > now.steady:
                return opening.person
        return ""
