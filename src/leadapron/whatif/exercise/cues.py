"""When something happens in the run that is played that the players should have to answer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf, isfinite

import numpy as np
from msgspec import Struct

from leadapron.model.department import Chain, Need, Node, Role
from leadapron.model.exercise import Cue, Downtime
from leadapron.model.scenarios import Course
from leadapron.whatif.exercise.downtime import hours_to_full
from leadapron.whatif.exercise.play import Play

NOTICED = 0.5
"""Hours until the first emergency asks for what is no longer there."""
WARNING = 0.25
"""Hours for which an outage is announced."""
SHIFT, DAY = 8.0, 24.0
FEW = 4
"""So few devices do not make an inject about calls from everywhere."""

_ROLES: Mapping[Role, Cue] = {
    Role.WORKLIST: Cue.WORKLIST,
    Role.STORAGE: Cue.STORAGE,
    Role.READING: Cue.READING,
    Role.REPORTING: Cue.REPORTING,
}


class Moment(Struct, frozen=True, kw_only=True):
    """A cue that comes, and what its injects may name besides the state of the department."""

    hour: float
    cue: Cue
    params: Mapping[str, str | float] = {}


def moments(play: Play, sheet: Downtime | None) -> tuple[Moment, ...]:
    """All of them, in the order in which they come; of one hour in the order of `Cue`. `sheet` tells when disks are
    full."""
    order = {cue: place for place, cue in enumerate(Cue)}
    found = [moment for moment in _all(play, sheet) if isfinite(moment.hour)]
    return tuple(sorted(found, key=lambda moment: (moment.hour, order[moment.cue])))


def _all(play: Play, sheet: Downtime | None) -> Iterator[Moment]:
    if play.scenario.course is Course.THEFT:
        yield from _theft(play)
        return
    yield from _start(play)
    lost = [*_scanners(play), *_steps(play)]
    yield from lost
    yield from _urgent(play, lost)
    yield from _defence(play)
    yield from _long(play)
    if sheet is not None:
        yield from _disk(play, sheet)


def _start(play: Play) -> Iterator[Moment]:
    """Where it is first seen: the entry, or the first device that stops when the entry never does."""
    nodes, stops = play.department.nodes, play.stops
    number = play.entry
    if len(stops) and isfinite(stops.min()) and (number is None or not isfinite(stops[number])):
        number = int(stops.argmin())
    hour = float(stops.min()) if len(stops) and isfinite(stops.min()) else 0.0
    if play.scenario.course is Course.OUTAGE:
        hour = -WARNING
    elif not (stops < inf).any():
        return
    named = _named(nodes[number]) if number is not None else {"device": "", "zone": ""}
    yield Moment(hour=hour, cue=Cue.START, params=named)


def _named(node: Node) -> dict[str, str | float]:
    return {"device": node.label, "zone": node.zone}


def _scanners(play: Play) -> Iterator[Moment]:
    """The first scanner that stops, the first that works again, and the largest modality that has none left."""
    of: dict[int, str] = {}
    for chain in play.department.chains:
        of.update(dict.fromkeys(play.index(chain), chain.modality))
    for cue, hours in ((Cue.FIRST_SCANNER, play.stops), (Cue.FIRST_BACK, np.where(play.stops < inf, play.works, inf))):
        if of:
            number = min(of, key=lambda one: (hours[one], one))
            label = play.department.nodes[number].label
            yield Moment(hour=float(hours[number]), cue=cue, params={"device": label, "modality": of[number]})
    for chain in sorted(play.department.chains, key=lambda chain: -sum(chain.per_hour)):
        begin, end = _missing(play, play.index(chain))
        if begin < end:
            yield Moment(hour=begin, cue=Cue.LAST_SCANNER, params={"modality": chain.modality})
            return


def _steps(play: Play) -> Iterator[Moment]:
    """The first time each step of exams can no longer be done by anyone."""
    for role, cue in _ROLES.items():
        first: Moment | None = None
        for chain in play.department.chains:
            for need in chain.needs:
                if need.role is not role or need.kept >= 1:
                    continue
                moment = _step(play, need, cue)
                if moment is not None and (first is None or moment.hour < first.hour):
                    first = moment
        if first is not None:
            yield first


def _step(play: Play, need: Need, cue: Cue) -> Moment | None:
    those = [play.numbers[node] for node in need.nodes]
    labels = {number: play.department.nodes[number].label for number in those}
    if need.role in play.scenario.roles:
        begin, end = 0.0, float(play.came.down.roles_back[0])
        last = next(iter(labels.values()), "")
    else:
        begin, end = _missing(play, those)
        last = labels[max(those, key=lambda one: play.stops[one])] if those else ""
    if not begin < end or (not last and cue is not Cue.REPORTING):
        return None
    return Moment(hour=begin, cue=cue, params={} if cue is Cue.REPORTING else {"device": last})


def _missing(play: Play, those: list[int]) -> tuple[float, float]:
    """From when to when none of them works; inf twice where some always does."""
    if not those:
        return inf, inf
    begin, end = float(play.stops[those].max()), float(play.works[those].min())
    return (begin, end) if begin < end else (inf, inf)


def _urgent(play: Play, lost: list[Moment]) -> Iterator[Moment]:
    """An emergency of the modality with most urgent exams, soon after the first loss that touches exams."""
    touched = [moment.hour for moment in lost if moment.cue is not Cue.FIRST_BACK and isfinite(moment.hour)]
    if not touched or not play.department.chains:
        return
    hour = min(touched) + NOTICED
    down = play.came.down_at(hour)[0]

    def need(chain: Chain) -> tuple[bool, float]:
        return any(down[number] for number in play.index(chain)), chain.urgent * sum(chain.per_hour)

    chain = max(play.department.chains, key=need)
    working = sum(not down[number] for number in play.index(chain))
    yield Moment(
        hour=hour,
        cue=Cue.URGENT,
        params={"modality": chain.modality, "scanners_kind": len(chain.scanners), "working_kind": working},
    )


def _defence(play: Play) -> Iterator[Moment]:
    """The choice to cut while something can still be saved, calls from everywhere, and the end of the spread."""
    fallen = np.sort(play.stops[play.stops < inf])
    if not len(fallen) or play.scenario.course is Course.OUTAGE:
        return
    hours = {"hours": round(play.scenario.contained, 1)}
    third, half = float(fallen[len(fallen) // 3]), float(fallen[len(fallen) // 2])
    if third < fallen[-1]:
        yield Moment(hour=third, cue=Cue.CHOICE, params=hours)
    if len(fallen) >= FEW and half < play.ended:
        yield Moment(hour=half, cue=Cue.SPREADING)
    if play.ended > fallen[0]:
        yield Moment(hour=play.ended, cue=Cue.CONTAINED, params=hours)


def _long(play: Play) -> Iterator[Moment]:
    """What comes with time: some of it while something that exams hang on is missing, the rest until the backlog is
    done."""
    hang = {node for chain in play.department.chains for node in (*chain.scanners, *_needed(chain))}
    stopped = [number for number in map(play.numbers.__getitem__, hang) if play.stops[number] < inf]
    missing = max((float(play.works[one]) for one in stopped), default=0.0)
    missing = max(missing, float(play.came.down.roles_back[0]))
    for cue, hour, until in (
        (Cue.HANDOVER, SHIFT, missing),
        (Cue.DAY_1, DAY, play.normal),
        (Cue.DAY_3, 3 * DAY, play.normal),
        (Cue.WEEK_2, 14 * DAY, missing),
    ):
        if until > hour:
            yield Moment(hour=hour, cue=cue)
    if play.lost > 0:
        yield Moment(hour=play.restored, cue=Cue.RESTORED)


def _needed(chain: Chain) -> Iterator[str]:
    for need in chain.needs:
        yield from need.nodes


def _disk(play: Play, sheet: Downtime) -> Iterator[Moment]:
    """The first scanner that goes on while its images cannot leave, and has no room left before they can."""
    start = play.scenario.weekday * DAY + play.scenario.hour
    found: list[tuple[float, str, str]] = []
    for chain, alone in zip(play.department.chains, sheet.modalities, strict=True):
        stores = [need for need in chain.needs if need.role is Role.STORAGE]
        moment = next(filter(None, (_step(play, need, Cue.STORAGE) for need in stores)), None)
        if moment is None:
            continue
        back = _storage_back(play, stores)
        for number, scanner in zip(play.index(chain), alone.scanners, strict=True):
            full = moment.hour + hours_to_full(
                chain, scanner.disk_gb, alone.gb_per_exam, start + moment.hour, sheet.days
            )
            if full < back and not play.stops[number] < full:
                found.append((full, scanner.label, chain.modality))
    if found:
        hour, label, modality = min(found)
        yield Moment(hour=hour, cue=Cue.DISK, params={"device": label, "modality": modality})


def _storage_back(play: Play, stores: list[Need]) -> float:
    if Role.STORAGE in play.scenario.roles:
        return float(play.came.down.roles_back[0])
    return min((float(play.works[play.numbers[node]]) for need in stores for node in need.nodes), default=inf)


def _theft(play: Play) -> Iterator[Moment]:
    """It is told by others; from then on clocks run."""
    if play.entry is None:
        return
    named: dict[str, str | float] = {
        "device": play.department.nodes[play.entry].label,
        "records": float(round(play.records)),
    }
    yield Moment(hour=play.ended, cue=Cue.DISCOVERED, params=named)
    yield Moment(hour=play.ended + DAY, cue=Cue.DAY_1)
    yield Moment(hour=play.ended + 3 * DAY, cue=Cue.DAY_3)
