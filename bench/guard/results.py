"""From bursts to figures: medians of rounds, ratios within a round (the machine's mood cancels out), and targets."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from bench.guard.boxes import DIRECT, GUARD, GUARD_NO_LEDGER, HAPROXY
from bench.guard.cases import CASES, Case, Kind, Measured


class Figure(Struct, frozen=True, kw_only=True):
    """One box in one case. `rate`: MB/s, associations/s or objects/s."""

    case: str
    box: str
    rounds: int
    rate: float = 0.0
    ratio: float | None = None
    """Of its rate to HAProxy's in the same round, median; then lowest and highest."""
    ratio_low: float | None = None
    ratio_high: float | None = None
    cpu: float | None = None
    """CPU seconds a GB, or milliseconds an association."""
    latency: float | None = None
    """Milliseconds of one object or association, median."""
    resident: float = 0.0
    """Megabytes."""
    resident_added: float = 0.0
    failures: tuple[str, ...] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """A target of the guard and what was measured."""

    target: str
    measured: float
    limit: float
    met: bool


def figures(measured: Sequence[Measured]) -> list[Figure]:
    """One for each case and box, in the order they were measured."""
    rows: dict[tuple[str, str], list[Measured]] = {}
    for one in measured:
        rows.setdefault((one.case, one.box), []).append(one)
    return [_figure(key, bursts, rows.get((key[0], HAPROXY), [])) for key, bursts in rows.items()]


def verdicts(found: Iterable[Figure]) -> list[Verdict]:
    """The targets of which this run has the figures, for the guard with and without its ledger."""
    by = {(one.case, one.box): one for one in found if one.rate or one.resident}
    judged: list[Verdict] = []
    for case in CASES:
        for name in (GUARD, GUARD_NO_LEDGER):
            ours, theirs = by.get((case.name, name)), by.get((case.name, HAPROXY))
            if ours is not None:
                judged += [
                    Verdict(target=f"{case.name}, {name}: {what}", measured=value, limit=limit, met=met)
                    for what, value, limit, met in _targets(case, ours, theirs, by.get((case.name, DIRECT)))
                ]
    return judged


def _targets(
    case: Case, ours: Figure, theirs: Figure | None, direct: Figure | None
) -> Iterator[tuple[str, float, float, bool]]:
    """What, measured, limit, met."""

    def least(what: str, value: float | None, limit: float) -> Iterator[tuple[str, float, float, bool]]:
        if value is not None:
            yield what, value, limit, value >= limit

    def most(what: str, value: float | None, limit: float) -> Iterator[tuple[str, float, float, bool]]:
        if value is not None:
            yield what, value, limit, value <= limit

    match case.kind:
        case Kind.STORE if case.tls:
            yield from least("throughput, of HAProxy-TLS's", ours.ratio, 0.6)
        case Kind.STORE if case.associations > 1:
            yield from least("throughput, of HAProxy's", ours.ratio, 0.9)
            yield from most("CPU, of HAProxy's", _over(ours.cpu, theirs.cpu if theirs else None), 1.3)
        case Kind.ECHO_TOGETHER:
            yield from least("associations/s, of HAProxy's", ours.ratio, 0.95)
        case Kind.ECHO_EACH if not case.tls and theirs and ours.latency and theirs.latency:
            yield from most("ms added to HAProxy's", ours.latency - theirs.latency, 0.6)
        case Kind.TOOLKIT if direct:
            yield from least("rate, of direct", ours.rate / direct.rate, 10)
        case Kind.IDLE:
            yield from most("MB resident", ours.resident, 500)


def table(found: Sequence[Figure], judged: Sequence[Verdict]) -> str:
    """Markdown: one table a case, then the targets."""
    lines: list[str] = []
    for case in CASES:
        rows = [one for one in found if one.case == case.name]
        if not rows:
            continue
        header = _columns(case)
        lines += [f"\n{case.name}\n", f"| box | {' | '.join(header)} |", "|-" * (len(header) + 1) + "|"]
        lines += [f"| {one.box} | {' | '.join(_cells(case, one))} |" for one in rows]
    if judged:
        lines += ["\ntargets\n", "| target | measured | limit | met |", "|-|-|-|-|"]
        for one in judged:
            lines.append(f"| {one.target} | {one.measured:.2f} | {one.limit:g} | {'yes' if one.met else '**no**'} |")
    return "\n".join(lines)


def _figure(key: tuple[str, str], bursts: Sequence[Measured], yardsticks: Sequence[Measured]) -> Figure:
    good = [one for one in bursts if not one.failure]
    failures = tuple(one.failure for one in bursts if one.failure)
    if not good:
        return Figure(case=key[0], box=key[1], rounds=0, failures=failures)
    paired = [
        _rate(one) / _rate(other)
        for one, other in zip(bursts, yardsticks, strict=False)
        if not one.failure and not other.failure
    ]
    work = sum(one.bytes for one in good) / 1e9 or sum(one.operations for one in good) / 1e3
    spent = [one.cpu for one in good if one.cpu is not None]
    return Figure(
        case=key[0],
        box=key[1],
        rounds=len(good),
        rate=_median(good, _rate),
        ratio=statistics.median(paired) if paired else None,
        ratio_low=min(paired, default=None),
        ratio_high=max(paired, default=None),
        cpu=sum(spent) / work if spent else None,
        latency=_median(good, lambda one: one.latency * 1e3) or None,
        resident=max(one.resident for one in good) / 1e6,
        resident_added=max(one.resident - one.resident_before for one in good) / 1e6,
        failures=failures,
    )


def _rate(one: Measured) -> float:
    return (one.bytes / 1e6 or one.operations) / one.seconds


def _median(bursts: Sequence[Measured], what: Callable[[Measured], float]) -> float:
    return statistics.median(what(one) for one in bursts)


def _over(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def _columns(case: Case) -> tuple[str, ...]:
    if case.kind is Kind.IDLE:
        return "MB resident", "MB added", "associations/s"
    rate = "MB/s" if case.kind in (Kind.STORE, Kind.TOOLKIT) else "associations/s"
    cpu = "CPU s/GB" if case.kind in (Kind.STORE, Kind.TOOLKIT) else "CPU ms/association"
    return rate, "of HAProxy's", "lowest–highest", cpu, "median ms"


def _cells(case: Case, one: Figure) -> list[str]:
    trouble = f" **{one.failures[0]}**" if one.failures else ""
    if case.kind is Kind.IDLE:
        return [_number(one.resident) + trouble, _number(one.resident_added), _number(one.rate)]
    spread = f"{one.ratio_low:.2f}–{one.ratio_high:.2f}" if one.ratio_low is not None else ""
    ratio = f"{one.ratio:.2f}" if one.ratio is not None else ""
    latency = one.latency
    if case.kind is Kind.TOOLKIT and one.rate:
        latency = None
    return [_number(one.rate) + trouble, ratio, spread, _number(one.cpu), _number(latency)]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"
