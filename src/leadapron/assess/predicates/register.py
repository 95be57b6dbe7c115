"""The AE register held against the wire. Titles are compared as written: case counts (PS3.5 §6.2, VR AE)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from leadapron.assess.hits import Case, Hit
from leadapron.assess.measures import listed
from leadapron.assess.quoting import row_citation, row_name, sources
from leadapron.assess.subjects import asset_subject, network_subject
from leadapron.assess.view import View
from leadapron.model.events import Service, TitleDeclared
from leadapron.model.inventory import Asset
from leadapron.rules.rows import duration

Rows = tuple[TitleDeclared, ...]


def unregistered_title(case: Case) -> Iterator[Hit]:
    """A device that uses titles which the register lacks; one that was renamed is `moved_title`'s."""
    view = case.view
    known = _by_title(view)
    here = _by_address(view)
    for asset in view.inventory.assets:
        strange = tuple(title for title in asset.ae_titles if title not in known)
        if strange and not _renamed(asset, _rows_at(asset, here)):
            yield Hit(
                subject=asset_subject(view, asset.id),
                asset=asset,
                reasons=tuple(f"ae_titles={title}" for title in strange),
                values={"titles": strange, "document": sources(view.declarations.titles)},
            )


def dead_title(case: Case) -> Iterator[Hit]:
    """Registered titles that nobody used during the capture, where the use of titles could be seen."""
    view = case.view
    hidden = _behind_tls(view)
    renamed = {row for _, rows in _renamed_devices(view) for row in rows}
    dead = tuple(
        row
        for row in view.declarations.titles
        if row.ae_title not in view.titles and row not in renamed and row.address not in hidden
    )
    if dead:
        names = tuple(dict.fromkeys(map(row_name, dead)))
        yield Hit(
            subject=network_subject(view, (), label=listed(names)),
            reasons=tuple(f"register={row.ae_title}" for row in dead),
            citations=tuple(map(row_citation, dead)),
            values={"titles": names, "observed": (how_long(view),), "document": sources(dead)},
        )


def doubled_title(case: Case) -> Iterator[Hit]:
    """One title that the register gives to two addresses."""
    view = case.view
    for title, rows in _by_title(view).items():
        places = tuple(sorted({row.address for row in rows if row.address}))
        if len(places) > 1:
            holders = view.titles.get(title, ())
            yield Hit(
                subject=network_subject(view, holders, key=f"aet:{title}", label=title),
                assets=holders,
                reasons=(f"register={title}",),
                citations=tuple(map(row_citation, rows)),
                values={"title": (title,), "places": places, "document": sources(rows)},
            )


def moved_title(case: Case) -> Iterator[Hit]:
    """A registered title at another address, or a registered address under another title."""
    view = case.view
    for title, rows in _by_title(view).items():
        places = {row.address for row in rows}
        holders = view.titles.get(title, ())
        if not holders or "" in places or any(places & set(view.assets[holder].addresses) for holder in holders):
            continue
        for holder in holders:
            if found := view.assets[holder].addresses:
                yield _differs(view, holder, rows, f"{title} ({', '.join(found)})")
    for asset, rows in _renamed_devices(view):
        yield _differs(view, asset.id, rows, f"{', '.join(asset.ae_titles)} ({', '.join(asset.addresses)})")


def how_long(view: View) -> str:
    """How long was watched, in figures that read the same in all languages."""
    seconds = duration(view.inventory)
    return f"{round(seconds / 3600)} h" if seconds >= 7200 else f"{max(1, round(seconds / 60))} min"


def _behind_tls(view: View) -> frozenset[str]:
    """Addresses of devices that speak DICOM inside TLS: whichever titles they use there, nobody sees."""
    ends = {
        end for flow in view.inventory.flows if flow.service is Service.DICOM_TLS for end in (flow.client, flow.server)
    }
    return frozenset(address for end in ends if end in view.assets for address in view.assets[end].addresses)


def _differs(view: View, asset_id: str, rows: Rows, seen: str) -> Hit:
    return Hit(
        subject=asset_subject(view, asset_id),
        asset=view.assets[asset_id],
        reasons=tuple(f"register={row_name(row)}" for row in rows),
        citations=tuple(map(row_citation, rows)),
        values={"registered": tuple(map(row_name, rows)), "used": (seen,), "document": sources(rows)},
    )


def _renamed_devices(view: View) -> Iterator[tuple[Asset, Rows]]:
    here = _by_address(view)
    for asset in view.inventory.assets:
        rows = _rows_at(asset, here)
        if _renamed(asset, rows):
            yield asset, rows


def _renamed(asset: Asset, rows: Rows) -> bool:
    """Its address is registered, under none of the titles it uses."""
    return bool(rows and asset.ae_titles) and {row.ae_title for row in rows}.isdisjoint(asset.ae_titles)


def _rows_at(asset: Asset, here: Mapping[str, Rows]) -> Rows:
    return tuple(row for address in asset.addresses for row in here.get(address, ()))


def _by_title(view: View) -> Mapping[str, Rows]:
    found: defaultdict[str, Rows] = defaultdict(tuple)
    for row in view.declarations.titles:
        found[row.ae_title] += (row,)
    return found


def _by_address(view: View) -> Mapping[str, Rows]:
    found: defaultdict[str, Rows] = defaultdict(tuple)
    for row in view.declarations.titles:
        if row.address:
            found[row.address] += (row,)
    return found
