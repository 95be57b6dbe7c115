"""Judgements on what advisories and ends of support say of the parts of a device."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from leadapron.assess.hits import Case, Hit
from leadapron.assess.predicates.hosts import support_ends
from leadapron.assess.quoting import advisory_citation
from leadapron.model.advisories import Answer, Verdict
from leadapron.model.findings import Confidence
from leadapron.model.picture import Ageing, Exposure, Part

SEVERE = 9.0
"""CVSS base score from which a flaw moves its finding up (the scale calls it critical)."""

_REMOTE = re.compile(r"(?:^|/)AV:[NA](?:/|$)")
"""Attack vector network or adjacent network, as CVSS 2 to 4 all write it."""

_SEEN_PARTS = frozenset({Part.DEVICE, Part.SYSTEM, Part.TOOLKIT, Part.SERVER})


def affected_device(case: Case) -> Iterator[Hit]:
    """The device as its maker sells it is in an advisory's range."""
    return _affected(case, {Part.DEVICE, Part.SYSTEM})


def affected_toolkit(case: Case) -> Iterator[Hit]:
    """Its DICOM software is."""
    return _affected(case, {Part.TOOLKIT})


def affected_server(case: Case) -> Iterator[Hit]:
    """Network software in it is, or is past its maker's support."""
    yield from _affected(case, {Part.SERVER})
    if case.asset is None:
        return
    for part in case.view.picture.ageing.get(case.asset.id, ()):
        if part.part is Part.SERVER:
            yield _aged(case, part)


def affected_component(case: Case) -> Iterator[Hit]:
    """A component that its maker declares is."""
    return _affected(case, {Part.COMPONENT})


def unsettled(case: Case) -> Iterator[Hit]:
    """Advisories that may concern the device, and that only a person can settle."""
    return _hits(case, lambda exposure: True, Verdict.REVIEW)


def _affected(case: Case, parts: Iterable[Part]) -> Iterator[Hit]:
    wanted = frozenset(parts)
    return _hits(case, lambda exposure: exposure.part in wanted, Verdict.AFFECTED)


def _hits(case: Case, wanted: Callable[[Exposure], bool], verdict: Verdict) -> Iterator[Hit]:
    if case.asset is None:
        return
    given = [
        (exposure, [answer for answer in exposure.answers.answers if answer.verdict is verdict])
        for exposure in case.view.picture.exposures.get(case.asset.id, ())
        if wanted(exposure)
    ]
    weight = weights([answer for _, answers in given for answer in answers])
    for exposure, answers in given:
        if answers:
            yield _hit(case, exposure, answers, weight)


def _hit(case: Case, exposure: Exposure, answers: list[Answer], weight: tuple[str, ...]) -> Hit:
    product = exposure.answers.product
    cves = tuple(dict.fromkeys(cve for answer in answers for cve in _worst_first(answer)))
    told = (exposure.told,) if exposure.told else ()
    return Hit(
        asset=case.asset,
        reasons=(
            f"{exposure.part}={product.name} {product.version}".rstrip(),
            *(f"{answer.advisory}={answer.constraint or '?'}" for answer in answers),
        ),
        citations=(*told, *(advisory_citation(answer) for answer in answers)),
        weight=weight,
        values={
            "software": (f"{product.name} {product.version}".rstrip(),),
            "advisories": tuple(answer.advisory for answer in answers),
            "cves": cves,
            "ended": (),
            "fixed": tuple(dict.fromkeys(_repaired(answers))),
        },
        confidence=_confidence(exposure, answers[0].verdict),
    )


def _confidence(exposure: Exposure, verdict: Verdict) -> Confidence:
    if verdict is Verdict.REVIEW:
        return Confidence.POSSIBLE
    # A version told on the wire may be repaired in place by a distribution or by the maker.
    return Confidence.LIKELY if exposure.part in _SEEN_PARTS else Confidence.SEEN


def _repaired(answers: list[Answer]) -> Iterator[str]:
    """First repaired versions; with their advisory where several count, for one repair may settle one only."""
    for answer in answers:
        if answer.fixed:
            yield answer.fixed if len(answers) == 1 else f"{answer.fixed} ({answer.advisory})"


def _worst_first(answer: Answer) -> Iterator[str]:
    yield from answer.exploited
    yield from answer.cves


def weights(answers: list[Answer]) -> tuple[str, ...]:
    """What moves the rank of a hit on these answers, as message ids."""
    found = []
    if any(answer.exploited for answer in answers):
        found.append("rank.exploited")
    score = max((answer.cvss for answer in answers if answer.cvss is not None), default=0.0)
    if score >= SEVERE:
        found.append(f"rank.severe={score:g}")
    if answers and all(answer.cvss_vector and not _REMOTE.search(answer.cvss_vector) for answer in answers):
        found.append("rank.local")
    return tuple(found)


def _aged(case: Case, part: Ageing) -> Hit:
    return Hit(
        asset=case.asset,
        reasons=(f"{part.part}={part.product} {part.version}".rstrip(),),
        citations=(part.told,) if part.told else (),
        values={
            "software": (f"{part.product} {part.version}".rstrip(),),
            "advisories": (),
            "cves": (),
            "fixed": (),
            "ended": tuple(support_ends(release) for release in part.releases),
        },
        confidence=Confidence.LIKELY if part.certain else Confidence.POSSIBLE,
    )
