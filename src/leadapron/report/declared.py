"""What documents and advisories say of a device, beside what was seen of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from leadapron.know.matching.containment import Reason
from leadapron.know.matching.reasons import Sentence
from leadapron.model.advisories import Answer
from leadapron.model.declared import Declared
from leadapron.model.events import DeviceDeclared, DocumentType
from leadapron.model.inventory import Asset
from leadapron.model.picture import Exposure
from leadapron.report.contract import Difference, ExposureEntry
from leadapron.report.knowledge import reason
from leadapron.report.words import Words


def document_types(declared: Declared) -> tuple[DocumentType, ...]:
    """Kinds of documents held for a device; being in a list counts as one."""
    held = {document.type for document in declared.documents}
    if declared.device:
        held.add(DocumentType.ASSETS)
    if declared.titles:
        held.add(DocumentType.AE_REGISTER)
    return tuple(kind for kind in DocumentType if kind in held)


def differences(asset: Asset, listed: DeviceDeclared) -> tuple[Difference, ...]:
    """Where the asset list differs from what was seen; an operating system is judged by a rule, not here.

    Nothing seen, or nothing said, is no difference; nor is a shorter way of writing the same (`Siemens`).
    """
    source = f"{listed.sensor}: {listed.packet}"
    return tuple(
        Difference(attribute=attribute, declared=said, seen=" / ".join(seen), source=source)
        for attribute, said, seen in _pairs(asset, listed)
        if said and seen and not any(_alike(said, one) for one in seen)
    )


def _pairs(asset: Asset, listed: DeviceDeclared) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    yield "manufacturer", listed.manufacturer, _seen(asset.manufacturer)
    yield "model", listed.product, _seen(asset.model)
    yield "software_versions", listed.software_version, asset.software_versions
    yield "mac", listed.mac, asset.macs or _seen(asset.mac)
    yield "hostnames", listed.hostname, asset.hostnames
    yield "ae_titles", listed.ae_title, asset.ae_titles
    for address in listed.addresses:
        yield "addresses", address, asset.addresses


def _seen(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _alike(one: str, other: str) -> bool:
    short, long = sorted((_bare(one), _bare(other)), key=len)
    return short in long


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def exposure_entries(
    exposures: Iterable[Exposure], reasons: Mapping[str, Sentence], say: Words
) -> tuple[ExposureEntry, ...]:
    """Every answer about every part of one device, in the order in which they were matched: worst first."""
    return tuple(
        _exposure(exposure, answer, reasons, say) for exposure in exposures for answer in exposure.answers.answers
    )


def _exposure(exposure: Exposure, answer: Answer, reasons: Mapping[str, Sentence], say: Words) -> ExposureEntry:
    product = exposure.answers.product
    return ExposureEntry(
        part=exposure.part,
        product=" ".join(filter(None, (product.vendor, product.name, product.version))),
        advisory=answer.advisory,
        title=answer.title,
        url=answer.url,
        published=answer.published,
        verdict=answer.verdict,
        cves=answer.cves,
        kev=bool(answer.exploited),
        cvss=answer.cvss,
        constraint=answer.constraint,
        reason=reason(answer, reasons, say),
        fixed=answer.fixed,
        source=exposure.told.source if exposure.told else "",
        excused=answer.reason == Reason.EXCUSED,
    )
