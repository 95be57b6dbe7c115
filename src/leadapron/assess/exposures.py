"""What advisories and ends of support say of every part of every device: seen on the wire, or declared by its maker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from msgspec.structs import replace

from leadapron.know.matching.containment import Reason
from leadapron.know.matching.verdicts import SEVERITY
from leadapron.model.advisories import Answer, Answers, Product, Release, Verdict
from leadapron.model.declared import Declarations, Declared
from leadapron.model.events import ComponentDeclared, DocumentType
from leadapron.model.findings import Citation
from leadapron.model.inventory import Asset, Component, Inventory
from leadapron.model.picture import Ageing, Exposure, Part

Ask = Callable[[Product], Answers]
"""What is known of one product."""

Support = Callable[[str, str], tuple[Release, ...]]
"""Product and version → the releases that fit, ended or not as of today; empty when nothing is known."""


def exposures(inventory: Inventory, declarations: Declarations, ask: Ask) -> Mapping[str, tuple[Exposure, ...]]:
    """Asset id → its parts that some advisory names. Hosts outside are not ours to judge and left out."""
    found = {}
    for asset in inventory.assets:
        if asset.external:
            continue
        said = declarations.of.get(asset.id, Declared())
        parts = tuple(one for one in _exposures(asset, said, ask) if one.answers.answers)
        if parts:
            found[asset.id] = parts
    return found


def ageing(inventory: Inventory, declarations: Declarations, support: Support) -> Mapping[str, tuple[Ageing, ...]]:
    """Asset id → its parts whose support has ended, or may have."""
    found = {}
    for asset in inventory.assets:
        if asset.external:
            continue
        parts = tuple(_ageing(asset, declarations.of.get(asset.id, Declared()), support))
        if parts:
            found[asset.id] = parts
    return found


def _exposures(asset: Asset, said: Declared, ask: Ask) -> Iterator[Exposure]:
    for product, versions, told in _device(asset, said):
        answers = _combined([ask(replace(product, version=version)) for version in versions or ("",)])
        yield _excused(Exposure(part=Part.DEVICE, answers=answers, told=told), said)
    for component in asset.components:
        part = Part.TOOLKIT if is_toolkit(component) else Part.SERVER
        answers = ask(Product(vendor="", name=component.name, version=component.version))
        yield _excused(Exposure(part=part, answers=answers, evidence=component.evidence), said)
    for declared in said.components:
        product = Product(
            vendor=declared.supplier, name=declared.name, version=declared.version,
            cpe=declared.cpe, purl=declared.purl,
        )  # fmt: skip
        yield _excused(Exposure(part=Part.COMPONENT, answers=ask(product), told=_cited(declared)), said)


def is_toolkit(component: Component) -> bool:
    """Whether it named itself in an association: the evidence then begins with its implementation class UID."""
    return component.evidence[:1].isdigit()


def _device(asset: Asset, said: Declared) -> Iterator[tuple[Product, tuple[str, ...], Citation | None]]:
    """The device itself: as its images say, else as the newest document or list says."""
    if asset.manufacturer and asset.model:
        yield Product(vendor=asset.manufacturer, name=asset.model), asset.software_versions, None
        return
    for document in said.documents:
        if document.type is DocumentType.MDS2 and document.manufacturer and document.product:
            told = Citation(
                source=document.sensor,
                quote=f"{document.manufacturer} {document.product} {document.software_version}".rstrip(),
                dated=_day(document.dated),
            )
            yield Product(vendor=document.manufacturer, name=document.product), (document.software_version,), told
            return
    row = said.device
    if row is not None and row.manufacturer and row.product:
        told = Citation(
            source=row.sensor,
            quote=f"{row.manufacturer} {row.product} {row.software_version}".rstrip(),
            place=str(row.packet),
        )
        yield Product(vendor=row.manufacturer, name=row.product), (row.software_version,), told


def _combined(said: list[Answers]) -> Answers:
    """One answer an advisory over all versions a device tells; where they disagree, a person must look."""
    by_advisory: dict[str, list[Answer]] = {}
    for answers in said:
        for answer in answers.answers:
            by_advisory.setdefault(answer.advisory, []).append(answer)
    agreed = []
    for given in by_advisory.values():
        verdicts = {answer.verdict for answer in given}
        worst = min(given, key=lambda answer: SEVERITY[answer.verdict])
        disagree = verdicts >= {Verdict.AFFECTED, Verdict.NOT_AFFECTED}
        agreed.append(replace(worst, verdict=Verdict.REVIEW, reason=Reason.VERSIONS_DISAGREE) if disagree else worst)
    return replace(
        said[0],
        product=replace(said[0].product, version=", ".join(one.product.version for one in said if one.product.version)),
        answers=tuple(sorted(agreed, key=lambda answer: SEVERITY[answer.verdict])),
    )


def _excused(exposure: Exposure, said: Declared) -> Exposure:
    """Without the flaws that the maker says cannot be used in this device (VEX).

    An advisory of which no flaw is left stays, as one that does not concern it: nothing may vanish without a trace.
    """
    product = exposure.answers.product
    names = {product.purl, product.name, ""}
    by = {one.cve: one.sensor for one in said.exploitability if one.harmless and one.component in names}
    known = {cve for answer in exposure.answers.answers for cve in answer.cves}
    return replace(
        exposure,
        answers=replace(exposure.answers, answers=tuple(_without(answer, by) for answer in exposure.answers.answers)),
        excused=tuple(sorted(by.keys() & known)),
    )


def _without(answer: Answer, excused: Mapping[str, str]) -> Answer:
    """What is left of an answer; `excused`: flaw → the document that says so."""
    cves = tuple(cve for cve in answer.cves if cve not in excused)
    if cves == answer.cves or answer.verdict is Verdict.NOT_AFFECTED:
        return answer
    if not cves:
        documents = ", ".join(dict.fromkeys(excused[cve] for cve in answer.cves))
        params = {**answer.params, "document": documents}
        return replace(
            answer, verdict=Verdict.NOT_AFFECTED, reason=Reason.EXCUSED, params=params, exploited=(), ransomware=False
        )
    exploited = tuple(cve for cve in answer.exploited if cve not in excused)
    return replace(answer, cves=cves, exploited=exploited, ransomware=answer.ransomware and bool(exploited))


def _ageing(asset: Asset, said: Declared, support: Support) -> Iterator[Ageing]:
    # Windows tells builds that several editions share; the predicate of os-eol knows them.
    if asset.os and asset.os_version and asset.os != "Windows":
        yield from _aged(Part.SYSTEM, asset.os, asset.os_version, support, certain=True)
    for component in asset.components:
        if component.version and not is_toolkit(component):
            # Distributions keep repairing versions that their makers gave up.
            yield from _aged(
                Part.SERVER, component.name, component.version, support, certain=False,
                evidence=component.evidence,
            )  # fmt: skip
    for declared in said.components:
        if declared.version:
            yield from _aged(
                Part.COMPONENT, declared.name, declared.version, support, certain=False, told=_cited(declared)
            )
    if said.device and said.device.os and not asset.os:
        told = Citation(source=said.device.sensor, quote=said.device.os, place=str(said.device.packet))
        # Where the name ends and the version begins, only the lookup knows: "Windows Server 2012 R2", "Debian 12".
        yield from _aged(Part.SYSTEM, said.device.os, "", support, certain=True, told=told)


def _aged(
    part: Part, name: str, version: str, support: Support, *, certain: bool, evidence: str = "",
    told: Citation | None = None,
) -> Iterator[Ageing]:  # fmt: skip
    releases = support(name, version)
    ended = [release for release in releases if release.ended]
    if ended:
        yield Ageing(
            part=part, product=name, version=version, releases=releases,
            certain=certain and len(ended) == len(releases), evidence=evidence, told=told,
        )  # fmt: skip


def _cited(declared: ComponentDeclared) -> Citation:
    return Citation(
        source=declared.sensor,
        quote=f"{declared.supplier} {declared.name} {declared.version}".strip(),
        place=declared.purl or str(declared.packet),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
