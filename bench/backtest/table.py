"""The comparison as Markdown: figures, then every miss with its reason, then what it all rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bench.backtest.compare import Comparison, Judged, Verdict
from bench.backtest.incident import Incident, Published
from leadapron.model.scenarios import Estimate

SIGNS = {
    Verdict.INSIDE: "yes",
    Verdict.PARTLY: "partly",
    Verdict.OUTSIDE: "**no**",
    Verdict.ORDER_ONLY: "(order only)",
    Verdict.NONE: "(no run)",
}


LETTERS = "ABCDEFGH"
"""Names of variants."""


CORRECTED = (
    "Five of the shipped numbers were corrected after the first comparison; `bench/backtest/__init__.py` says which."
)


def tables(comparisons: Iterable[Comparison]) -> str:
    """One section each."""
    return "\n".join((CORRECTED, *(line for one in comparisons for line in _section(one))))


def _section(one: Comparison) -> Iterator[str]:
    incident = one.incident
    yield f"\n## {incident.title}\n"
    drawn = f"{one.draws} draws of what is not known, {one.runs} runs of each, seed {one.seed}"
    yield f"Scenario `{incident.scenario}`; {drawn}."
    heads = [
        "figure",
        "published",
        "simulated: mean [9 of 10 runs]",
        "inside?",
        "over the scenario's ranges",
        "inside?",
    ]
    heads += [f"variant {letter}" for letter, _ in zip(LETTERS, incident.variants, strict=False)]
    yield f"\n| {' | '.join(heads)} |"
    yield f"|{'-|' * len(heads)}"
    for row in one.judged:
        cells = (
            row.figure.what,
            _published(row.figure),
            _simulated(row.shipped),
            SIGNS[row.verdict],
            _simulated(row.ranged),
            SIGNS[row.verdict_ranged],
            *map(_simulated, row.variants),
        )
        yield f"| {' | '.join(cells)} |"
    yield from _misses(one.judged)
    yield from _variants(incident)
    yield from _rests_on(incident)


def _misses(judged: Iterable[Judged]) -> Iterator[str]:
    missed = [row for row in judged if row.verdict in (Verdict.OUTSIDE, Verdict.PARTLY)]
    far = [row for row in judged if row not in missed and row.figure.why]
    if missed:
        yield "\nNot inside with the numbers as shipped, and why:\n"
        yield from (f"- {row.figure.what}: {row.figure.why or 'not explained.'}" for row in missed)
    if far:
        yield "\nNot counted as a miss, but to be known:\n"
        yield from (f"- {row.figure.what}: {row.figure.why}" for row in far)


def _variants(incident: Incident) -> Iterator[str]:
    if incident.variants:
        yield "\nVariants, to see what a miss hangs on; no verdict rests on them:\n"
    for letter, variant in zip(LETTERS, incident.variants, strict=False):
        numbers = ", ".join(f"{name} = {value:g}" for name, value in variant.numbers.items())
        yield f"- {letter}, {variant.name} ({numbers}): {variant.why}"


def _rests_on(incident: Incident) -> Iterator[str]:
    yield "\nPublished:\n"
    for figure in incident.published:
        yield f"- {figure.what}: {figure.reading} ({_source(incident, figure.source)})"
    stated = [(name, fact.value, fact) for name, fact in incident.facts.items()]
    if stated or incident.entry:
        yield "\nStated by the incident, in place of the scenario's number:\n"
    for name, value, fact in stated:
        yield f"- {name} = {value:g}: {fact.says} ({_source(incident, fact.source)})"
    if incident.entry:
        kinds = ", ".join(incident.entry.kinds)
        yield f"- entry = {kinds}: {incident.entry.says} ({_source(incident, incident.entry.source)})"
    yield "\nAssumed:\n"
    for name, guess in incident.guesses.items():
        yield f"- {name}, {guess.low:g} to {guess.high:g}: {guess.why}"
    if incident.flat:
        yield f"- all zones open to each other: {incident.flat}"
    for passage in incident.passages:
        yield f"- {passage.source} may reach {passage.target} by {', '.join(passage.ways)}: {passage.why}"
    counted = [group for group in incident.devices if not isinstance(group.count, str) and not group.source]
    if counted:
        yield f"- devices: {', '.join(f'{group.count:g} {group.name}' for group in counted)}."


def _source(incident: Incident, key: str) -> str:
    source = incident.sources[key]
    return f"[{source.title}]({source.url})" if source.url else source.title


def _published(figure: Published) -> str:
    if figure.low == figure.high:
        return _number(figure.low)
    return f"{_number(figure.low)} to {_number(figure.high)}"


def _simulated(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    return f"{_number(estimate.mean)} [{_number(estimate.p5)}–{_number(estimate.p95)}]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
