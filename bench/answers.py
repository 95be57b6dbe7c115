"""Are the answers on advisories right? Recall and precision beside labels that a person wrote (`make accuracy`).

    python -m bench.answers [--verbose]

`answers.tsv` was written from the advisories' own text before anyone looked at the program's answers. Each row is one
product and one advisory, with the verdict a careful reader gives, or those between which careful readers may differ.
`none`: the advisory does not speak of the product. A row without an advisory says that nothing else may speak of it,
and what is `known`: `neither` vendor nor product, or the `vendor` alone.

`answers_second.tsv` was written the same way by a second reader, who had seen neither the readings nor the first set:
it measures the program on rows that nobody tuned it to, and has its own figures. Where such a row is missed, the label
may be corrected by the advisory's words, or a clearance by mistake in the program; nothing else is changed for it.

A false "not affected" clears a device that has the flaw: one is enough to fail.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from leadapron.app import load_world
from leadapron.model.advisories import Answers, Product, Verdict

LABELS = Path(__file__).with_name("answers.tsv")
SECOND = Path(__file__).with_name("answers_second.tsv")


class Given(StrEnum):
    """A verdict, or the silence of the program or of the advisory."""

    AFFECTED = Verdict.AFFECTED
    NOT_AFFECTED = Verdict.NOT_AFFECTED
    REVIEW = Verdict.REVIEW
    NONE = "none"


class Known(StrEnum):
    """What a row requires of `vendor_known` and `product_known`."""

    UNSAID = ""
    NEITHER = "neither"
    VENDOR = "vendor"


class Label(Struct, frozen=True, kw_only=True):
    """One row: what a careful reader answers. `verdicts`: any of them is right; one alone is the plain case."""

    kind: str
    product: Product
    advisory: str
    verdicts: frozenset[Given]
    known: Known
    why: str


class Result(Struct, frozen=True, kw_only=True):
    """What the program answered to one row."""

    label: Label
    given: Given
    reason: str
    right: bool

    def __str__(self) -> str:
        product = self.label.product
        name = " / ".join((product.vendor, product.name, product.version or "no version"))
        wanted = " or ".join(sorted(self.label.verdicts))
        told = f"{self.given} ({self.reason})" if self.reason else self.given
        return f"{name}: {self.label.advisory or 'anything else'}: {told}, label {wanted}: {self.label.why}"


class Tally(Struct, frozen=True):
    """One verdict: how often it was given where it is right (`hits`), not given where it alone is, given wrongly."""

    hits: int
    missed: int
    extra: int

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.missed) if self.hits or self.missed else 1.0

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.extra) if self.hits or self.extra else 1.0


def read_labels(path: Path = LABELS) -> tuple[Label, ...]:
    """The labelled rows; ValueError or KeyError where the file is not what it should be."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Label(
                kind=row["kind"],
                product=Product(vendor=row["vendor"], name=row["product"], version=row["version"]),
                advisory=row["advisory"],
                verdicts=frozenset(Given(verdict) for verdict in row["verdict"].split("|")),
                known=Known(row["known"]),
                why=row["why"],
            )
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        )


def check(labels: Iterable[Label], ask: Callable[[Product], Answers]) -> tuple[Result, ...]:
    """Every row answered, offline."""
    labels = tuple(labels)
    spoken = {(label.product, label.advisory) for label in labels}
    results = []
    for label in labels:
        found = ask(label.product)
        if label.advisory:
            given = [answer for answer in found.answers if answer.advisory == label.advisory]
        else:
            given = [answer for answer in found.answers if (label.product, answer.advisory) not in spoken]
        verdict = Given(given[0].verdict) if given else Given.NONE
        known = label.known is Known.UNSAID or (found.vendor_known, found.product_known) == (
            label.known is Known.VENDOR,
            False,
        )
        reason = f"{given[0].advisory}, {given[0].reason}, {given[0].constraint!r}" if given else ""
        reason = reason if known else f"vendor known: {found.vendor_known}, product known: {found.product_known}"
        results.append(Result(label=label, given=verdict, reason=reason, right=known and verdict in label.verdicts))
    return tuple(results)


def tally(results: Iterable[Result], verdict: Given) -> Tally:
    """Recall over the rows that allow this verdict only, precision over all that were answered so."""
    counts: Counter[str] = Counter()
    for result in results:
        wanted = result.label.verdicts
        if result.given is verdict:
            counts["hits" if verdict in wanted else "extra"] += 1
        elif wanted == {verdict}:
            counts["missed"] += 1
    return Tally(counts["hits"], counts["missed"], counts["extra"])


def cleared_wrongly(results: Iterable[Result]) -> list[Result]:
    """Answered "not affected" about a product that the advisory may mean."""
    return [
        result
        for result in results
        if result.given is Given.NOT_AFFECTED
        and Given.NOT_AFFECTED not in result.label.verdicts
        and result.label.verdicts != {Given.NONE}
    ]


def _row(name: str, results: Sequence[Result]) -> str:
    right = sum(result.right for result in results) / len(results)
    review = sum(result.given is Given.REVIEW for result in results) / len(results)
    return f"| {name} | {len(results)} | {right:.1%} | {review:.1%} |"


def _table(first: Sequence[Result], second: Sequence[Result]) -> None:
    print("| rows | of them | right | review |\n|-|-|-|-|")
    print(_row("all", first))
    for kind in dict.fromkeys(result.label.kind for result in first):
        print(_row(kind, [result for result in first if result.label.kind == kind]))
    print(_row("second set", second))
    print("\n| answer | recall | precision | recall, second set | precision, second set |\n|-|-|-|-|-|")
    for verdict in (Given.AFFECTED, Given.NOT_AFFECTED, Given.REVIEW):
        cells = [f"{t.recall:.1%} | {t.precision:.1%}" for t in (tally(first, verdict), tally(second, verdict))]
        print(f"| {verdict} | {' | '.join(cells)} |")


def run(*, verbose: bool) -> bool:
    """Print the figures; True when nothing was cleared wrongly in either set."""
    ask = load_world().ask
    first, second = check(read_labels(), ask), check(read_labels(SECOND), ask)
    _table(first, second)
    results = (*first, *second)
    wrong = cleared_wrongly(results)
    print(f'\nfalse "not affected": {len(wrong)}')
    misses = [result for result in results if not result.right]
    for result in misses if verbose else wrong:
        print(result)
    return not wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verbose", action="store_true", help="list each row that was answered otherwise")
    sys.exit(0 if run(verbose=parser.parse_args().verbose) else 1)


if __name__ == "__main__":
    main()
