"""When devices stop and when they work again, run by run.

Until defenders end the spread nothing is restored, as it would fall again. Then engineers of each class begin with the
devices most exams hang on. So no device waits for one that exams need less, and one that did not fall delays nobody.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import assert_never

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import ndtri

from leadapron.model.department import DeviceClass
from leadapron.model.scenarios import ON_BACKUPS, Course, Delay, Scenario
from leadapron.whatif.effect.layout import KINDS, Layout
from leadapron.whatif.effect.week import Floats
from leadapron.whatif.engine.draws import Words, identities, joined, mix, uniform

Flags = NDArray[np.bool_]
Hours = NDArray[np.float32] | Floats

LONGEST = 8760.0
"""Hours after which nothing is counted: by then a device is replaced, and a backlog given up."""

_DWELL, _BACKUPS, _ROLES, _OFF, _BACK, _RECOVERY = identities(("dwell", "backups", "roles", "off", "back", "recovery"))
"""Keep draws for different ends apart."""


class Down(Struct, frozen=True, kw_only=True, eq=False):
    """(runs, columns of the layout) unless said otherwise; hours from the start, infinite where it does not happen."""

    reached: Flags
    """The attacker held it."""
    taken: Floats
    """Since when; negative before a trigger."""
    stops: Floats
    """It no longer works, fallen or switched off by defenders."""
    works: Floats
    """It works again."""
    ended: Floats
    """(runs): defenders have ended the spread."""
    roles_back: Floats
    """(runs): steps of exams that were lost at the start are there again; 0 where none was."""


class _Spread(Struct, frozen=True, kw_only=True, eq=False):
    """Who was reached by the end of the spread, before anything is said of restoring."""

    reached: Flags
    taken: Floats
    ended: Floats
    alarm: Flags
    """(runs): defenders have noticed something."""


def down_times(layout: Layout, scenario: Scenario, hours: Hours, keys: Words) -> Down:
    """`hours`: (runs, devices of the department), when each fell if nobody stopped it; `keys`: one per run."""
    spread = _spread(layout, scenario, hours, keys)
    stopping = _among(scenario.stops)[layout.kind]
    if scenario.course is Course.THEFT:
        fallen = np.zeros_like(spread.reached)
    elif scenario.course is Course.OUTAGE:
        fallen = np.broadcast_to(stopping, spread.reached.shape)
    else:
        fallen = spread.reached & stopping
    stops = np.where(fallen, np.maximum(spread.taken, 0.0), np.inf)
    if scenario.course is Course.OUTAGE:
        stops = np.where(fallen, 0.0, np.inf)
    works = np.where(fallen, np.minimum(_restored(layout, scenario, fallen, spread.ended, keys), LONGEST), np.inf)
    if scenario.shutdown > 0:
        draws = _draws(keys, layout.identity, _OFF)
        spared = _among(scenario.spared)[layout.kind]
        off = ~spread.reached & ~fallen & ~spared & (draws < scenario.shutdown) & spread.alarm[:, None]
        back = np.minimum(spread.ended + _delay(scenario.shutdown_back, keys, _BACK), LONGEST)
        stops = np.where(off, spread.ended[:, None], stops)
        works = np.where(off, back[:, None], works)
    lost = np.minimum(_delay(scenario.roles_back, keys, _ROLES), LONGEST) if scenario.roles else np.zeros(len(keys))
    return Down(
        reached=spread.reached, taken=spread.taken, stops=stops, works=works, ended=spread.ended, roles_back=lost
    )


def _spread(layout: Layout, scenario: Scenario, hours: Hours, keys: Words) -> _Spread:
    """Ending the spread earlier only drops what would have fallen later: no new simulation is needed."""
    shown = hours[:, layout.nodes].astype(np.float64)
    never = np.full(shown.shape, np.inf)
    noticed = np.ones(len(keys), dtype=np.bool_)
    match scenario.course:
        case Course.OUTAGE:
            ended = np.full(len(keys), max(scenario.contained, 0.0))
            return _Spread(reached=np.zeros(shown.shape, dtype=np.bool_), taken=never, ended=ended, alarm=noticed)
        case Course.THEFT:
            cut = np.full(len(keys), min(scenario.contained, scenario.horizon))
            began = np.zeros(len(keys))
        case Course.WORM:
            first = _first_stop(layout, scenario, hours)
            cut = np.minimum(first + scenario.contained, scenario.horizon)
            noticed = first <= cut
            began = np.zeros(len(keys))
        case Course.HUMAN:
            began = np.minimum(_delay(scenario.dwell, keys, _DWELL), scenario.horizon)
            cut = np.clip(began + scenario.contained, 0.0, scenario.horizon)
            noticed = _first_stop(layout, scenario, hours) <= cut
        case _:
            assert_never(scenario.course)
    reached = shown <= cut[:, None]
    taken = np.where(reached, shown - began[:, None], np.inf)
    return _Spread(reached=reached, taken=taken, ended=np.maximum(cut - began, 0.0), alarm=noticed)


def _first_stop(layout: Layout, scenario: Scenario, hours: Hours) -> Floats:
    """(runs): when the first device that would stop is reached."""
    stopping = _among(scenario.stops)[layout.kinds]
    shown = hours if stopping.all() else hours[:, stopping]
    first: Floats = shown.min(axis=1, initial=np.inf).astype(np.float64)
    return first


def _among(classes: Collection[DeviceClass]) -> Flags:
    """By number of a class."""
    return np.array([kind in classes for kind in KINDS])


def _restored(layout: Layout, scenario: Scenario, fallen: Flags, ended: Floats, keys: Words) -> Floats:
    """(runs, columns): when each fallen device works again; other entries mean nothing."""
    work = _work(layout, scenario, keys)
    works = ended[:, None] + work
    for number, kind in enumerate(KINDS):
        engineers = scenario.engineers.get(kind, 0)
        order = layout.order[layout.kind[layout.order] == number]
        if 0 < engineers < len(order):
            works[:, order] = _queued(fallen[:, order], work[:, order], ended, engineers)
    return works


def _queued(fallen: Flags, work: Floats, ended: Floats, engineers: int) -> Floats:
    """Each device in its turn goes to whoever is free first."""
    runs = np.arange(len(ended))
    free = np.repeat(ended[:, None], engineers, axis=1)
    works = np.empty_like(work)
    need = np.where(fallen, work, 0.0)
    for column in range(work.shape[1]):
        who = free.argmin(axis=1)
        works[:, column] = free[runs, who] = free[runs, who] + need[:, column]
    return works


def _work(layout: Layout, scenario: Scenario, keys: Words) -> Floats:
    """(runs, columns): hours of work to restore each device."""
    delays = [scenario.recovery.get(kind, Delay(median=0.0)) for kind in KINDS]
    median = np.array([delay.median for delay in delays])[layout.kind]
    spread = np.array([delay.spread for delay in delays])[layout.kind]
    work: Floats = median * np.exp(spread * ndtri(_draws(keys, layout.identity, _RECOVERY)))
    if scenario.backups_lost > 0:
        lost = _draw(keys, _BACKUPS) < scenario.backups_lost
        server = np.array([kind in ON_BACKUPS for kind in KINDS])[layout.kind]
        work = np.where(lost[:, None] & server, work * scenario.backups_factor, work)
    return work


def _draws(keys: Words, identity: Words, end: np.uint64) -> Floats:
    """(runs, columns): a device's own number of a run, whatever happens to others."""
    names = joined(identity, np.full(len(identity), end))
    return uniform(mix(keys[:, None] + names[None, :]))


def _draw(keys: Words, end: np.uint64) -> Floats:
    """(runs): one number for all devices."""
    return uniform(mix(keys + end))


def _delay(delay: Delay, keys: Words, end: np.uint64) -> Floats:
    """(runs): hours."""
    if not delay.spread:
        return np.full(len(keys), delay.median)
    hours: Floats = delay.median * np.exp(delay.spread * ndtri(_draw(keys, end)))
    return hours
