"""What the hospital's own papers lack: devices that no list names, and devices without owner, date or document.

One finding each for the whole network, so that a long list is one task and not a hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leadapron.assess.hits import Case, Hit
from leadapron.assess.measures import first_seen, imaging_devices, listed
from leadapron.assess.predicates.register import how_long
from leadapron.assess.quoting import POSITIVE, answer_citation, row_citation, row_name, sources
from leadapron.assess.subjects import network_subject
from leadapron.assess.view import View
from leadapron.model.events import DeclaredAnswer, DeviceDeclared, DocumentType
from leadapron.model.findings import Citation
from leadapron.model.inventory import Asset

PUBLISHES_DATES = "RDMP-3"
"""Says whether the maker publishes how long it supports the device (ANSI/NEMA HN 1-2019)."""

HAS_PARTS_LIST = "SBOM-1"
"""Says whether a list of the software inside can be had."""


def unlisted_devices(case: Case) -> Iterator[Hit]:
    """Imaging devices that an added asset list lacks."""
    view = case.view
    if _rows(view) or view.declarations.unseen:
        yield from _lacking(view, [device for device in imaging_devices(view) if not view.declared(device.id).device])


def unseen_devices(case: Case) -> Iterator[Hit]:
    """Rows of the asset list that no device seen fits."""
    view = case.view
    rows = view.declarations.unseen
    if rows:
        names = tuple(dict.fromkeys(map(row_name, rows)))
        yield Hit(
            subject=network_subject(view, (), label=listed(names)),
            reasons=tuple(f"list={name}" for name in names),
            citations=tuple(map(row_citation, rows)),
            values={"devices": names, "observed": (how_long(view),), "document": sources(rows)},
        )


def ownerless_devices(case: Case) -> Iterator[Hit]:
    """Listed imaging devices for which nobody answers."""
    rows = [(device, row) for device, row in _rows(case.view) if not row.owner]
    yield from _lacking(case.view, [device for device, _ in rows], [row_citation(row) for _, row in rows])


def undated_devices(case: Case) -> Iterator[Hit]:
    """Listed imaging devices without an end of support, and those whose maker publishes none."""
    view = case.view
    rows = {device.id: row for device, row in _rows(view)}
    found, citations = [], list[Citation]()
    for device in imaging_devices(view):
        row, said = rows.get(device.id), view.declared(device.id)
        answer = said.form.get(PUBLISHES_DATES)
        silent = answer is not None and answer.answer is DeclaredAnswer.NO
        if (row is None and not silent) or (row is not None and row.end_of_support):
            continue
        found.append(device)
        citations += [row_citation(row)] if row else []
        citations += [answer_citation(said, answer)] if answer and silent else []
    yield from _lacking(view, found, citations)


def formless_devices(case: Case) -> Iterator[Hit]:
    """Imaging devices without an MDS2 form."""
    yield from _lacking(case.view, _without(case.view, DocumentType.MDS2))


def listless_devices(case: Case) -> Iterator[Hit]:
    """Imaging devices without an SBOM; where the form says that there is one, it is quoted."""
    view = case.view
    found = _without(view, DocumentType.SBOM)
    promised = []
    for said in (view.declared(device.id) for device in found):
        answer = said.form.get(HAS_PARTS_LIST)
        if answer is not None and answer.answer in POSITIVE:
            promised.append(answer_citation(said, answer))
    yield from _lacking(view, found, promised)


def _rows(view: View) -> list[tuple[Asset, DeviceDeclared]]:
    """Imaging devices with their rows in the asset list."""
    said = ((device, view.declared(device.id).device) for device in imaging_devices(view))
    return [(device, row) for device, row in said if row is not None]


def _without(view: View, kind: DocumentType) -> list[Asset]:
    return [
        device
        for device in imaging_devices(view)
        if all(document.type is not kind for document in view.declared(device.id).documents)
    ]


def _lacking(view: View, devices: Iterable[Asset], citations: Iterable[Citation] = ()) -> Iterator[Hit]:
    """One hit for all of them."""
    found = sorted(devices, key=lambda device: (device.label, device.id))
    if found:
        ids = tuple(device.id for device in found)
        names = tuple(dict.fromkeys(device.label for device in found))
        yield Hit(
            subject=network_subject(view, ids, label=listed(names)),
            assets=ids,
            reasons=tuple(f"device={name}" for name in names),
            evidence=first_seen(found),
            citations=tuple(citations),
            values={"devices": names, "count": len(found)},
        )
