"""Lists that a hospital keeps: its devices, its AE titles, its network plan, as declarations.

Columns are recognised, told, or remembered (see `columns`). A value that cannot be read is left out and remarked
on with its row; a list of which nothing can be read is refused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from hashlib import sha256

import msgspec
from msgspec import Struct

from leadapron.know.documents import cells
from leadapron.know.documents.cells import Remarks, said
from leadapron.know.documents.columns import (
    ColumnMemory,
    Remembered,
    guess_columns,
    kind_of,
    needed_columns,
    shown,
    synonyms,
    told_columns,
)
from leadapron.know.documents.origin import Origin, Where
from leadapron.know.documents.tables import Row, Table, is_workbook, read_table, word_of
from leadapron.model.errors import SourceError
from leadapron.model.events import (
    LISTS,
    Declaration,
    DeviceDeclared,
    DocumentAdded,
    DocumentType,
    TitleDeclared,
    ZoneDeclared,
)
from leadapron.model.pseudonyms import pseudonym

MAX_TOML = 1 << 20
MAX_TOML_LINE = 2_000
"""Bytes; a network plan of any hospital stays far below both."""
MAX_PORT = 65_535
MAX_VLAN = 4_094
"""IEEE 802.1Q §9.6."""
MAX_SERIAL = 64
"""Characters of a serial number that count, as on the wire (LO, PS3.5 §6.2)."""


class _Reading(Struct, kw_only=True):
    """A list while it is read."""

    table: Table
    columns: Mapping[str, int]
    origin: Origin
    remarks: Remarks
    day_first: bool | None

    def text(self, row: Row, name: str) -> str:
        """A field's text in one row; empty where the list has no such column."""
        at = self.columns.get(name)
        return "" if at is None else self.table.text(row, at)

    def said(self, row: Row, name: str) -> str:
        """As `text`, on one line, and empty where it says nothing."""
        return said(self.text(row, name))

    def where(self, row: Row) -> Where:
        return self.origin.where(row.number)


def read_list(
    data: bytes,
    origin: Origin,
    *,
    kind: DocumentType | None = None,
    columns: Mapping[str, str] | None = None,
    memory: ColumnMemory | None = None,
) -> list[Declaration]:
    """The list in a CSV, XLSX or (zones) TOML file: what it is, then a declaration for each row.

    `columns` (field → header) wins over `memory`, and that over recognition; what was told is noted there.
    """
    if origin.name.lower().endswith(".toml") and kind in (None, DocumentType.ZONES):
        return _zones_of_toml(data, origin)
    told = dict(columns or {})
    table = read_table(data, origin.name, known={*synonyms(), *map(word_of, told.values())})
    known = memory.recall(table.headers) if memory is not None else None
    found = _chosen(table, told, known)
    kind = kind or (known.kind if known else None) or kind_of(found)
    if kind not in LISTS:
        raise SourceError(
            f"{table.name}: neither an asset list, an AE register nor a network plan by its columns "
            f"({shown(table.headers)}); say which with --kind, and name a column with "
            f'--column ae_title="{next(filter(None, table.headers), "Header")}"'
        )
    needed_columns(kind, found, table.headers, table.name)
    declared = _declared(table, kind, found, origin, form="XLSX" if is_workbook(data) else "CSV", data=data)
    if memory is not None and told:
        memory.remember(table.headers, kind, found)
    return declared


def is_list(data: bytes, name: str, memory: ColumnMemory | None = None) -> bool:
    """Is it a table whose columns are those of a list, or were once said to be?"""
    try:
        table = read_table(data, name, known=synonyms().keys())
    except SourceError:
        return False
    known = memory.recall(table.headers) if memory is not None else None
    return known is not None or kind_of(guess_columns(table.headers)) is not None


def _chosen(table: Table, told: Mapping[str, str], known: Remembered | None) -> Mapping[str, str]:
    """Field → header: as told, else as remembered, else as recognised; no column fills two fields."""
    found = dict(told_columns(told, table.headers, table.name))
    for source in (known.columns if known else {}, guess_columns(table.headers)):
        for name, header in source.items():
            if name not in found and header not in found.values() and header in table.headers:
                found[name] = header
    return found


def _declared(
    table: Table, kind: DocumentType, columns: Mapping[str, str], origin: Origin, *, form: str, data: bytes
) -> list[Declaration]:
    places = {name: table.headers.index(header) for name, header in columns.items()}
    dates = places.get("end_of_support")
    reading = _Reading(
        table=table,
        columns=places,
        origin=origin,
        remarks=Remarks(),
        day_first=None if dates is None else cells.is_day_first(row.cells[dates] for row in table.rows),
    )
    read = _ROWS[kind]
    rows = [declared for row in table.rows if row.cells != table.headers and (declared := read(reading, row))]
    return _with_document(rows, kind, origin, form=form, data=data, remarks=reading.remarks.all(), place=table.name)


def _with_document(
    rows: list[Declaration],
    kind: DocumentType,
    origin: Origin,
    *,
    form: str,
    data: bytes,
    remarks: tuple[str, ...],
    place: str,
) -> list[Declaration]:
    if not rows:
        reasons = "; ".join(map(_in_words, remarks[:3]))
        raise SourceError(f"{place}: no row could be read as an entry of {kind}{f' ({reasons})' if reasons else ''}")
    document = DocumentAdded(
        **origin.where(0),
        type=kind,
        sha256=sha256(data).hexdigest(),
        form=form,
        records=len(rows),
        remarks=remarks,
    )
    return [document, *rows]


def _in_words(remark: str) -> str:
    """`list.bad-network=2 everywhere` as an error says it: `row 2: bad network “everywhere”`."""
    name, _, value = remark.partition("=")
    row, _, text = value.partition(" ")
    return f"row {row}: {name.rpartition('.')[2].replace('-', ' ')}{f' “{text}”' if text else ''}"


# ---------------------------------------------------------------- rows
def _device(reading: _Reading, row: Row) -> DeviceDeclared | None:
    text, tell, remarks = reading.text, reading.said, reading.remarks
    serial = tell(row, "serial")[:MAX_SERIAL].strip()
    device = DeviceDeclared(
        **reading.where(row),
        name=tell(row, "name"),
        tag=tell(row, "tag"),
        manufacturer=tell(row, "manufacturer"),
        product=tell(row, "product"),
        modality=tell(row, "modality"),
        software_version=tell(row, "software_version"),
        os=tell(row, "os"),
        serial_hash=pseudonym(serial, reading.origin.key) if serial else "",
        mac=cells.mac(text(row, "mac"), row.number, remarks),
        addresses=cells.addresses(text(row, "addresses"), row.number, remarks),
        hostname=tell(row, "hostname"),
        ae_title=cells.title(text(row, "ae_title"), row.number, remarks),
        zone=tell(row, "zone"),
        location=tell(row, "location"),
        owner=tell(row, "owner"),
        contact=tell(row, "contact"),
        end_of_support=cells.day(
            text(row, "end_of_support"), day_first=reading.day_first, row=row.number, remarks=remarks
        ),
        maintenance=tell(row, "maintenance"),
        criticality=tell(row, "criticality"),
    )
    if any((device.name, device.tag, device.hostname, serial, device.mac, device.addresses, device.ae_title)):
        return device
    remarks.add("list.no-device-named", row.number)
    return None


def _title(reading: _Reading, row: Row) -> TitleDeclared | None:
    text, remarks = reading.text, reading.remarks
    ae_title = cells.title(text(row, "ae_title"), row.number, remarks)
    if not ae_title:
        remarks.add("list.no-title", row.number)
        return None
    found = cells.addresses(text(row, "addresses"), row.number, remarks)
    return TitleDeclared(
        **reading.where(row),
        ae_title=ae_title,
        address=found[0] if found else "",
        port=cells.number(text(row, "port"), MAX_PORT, "list.bad-port", row.number, remarks),
        name=said(text(row, "name")) or said(text(row, "hostname")),
        role=said(text(row, "role")),
    )


def _zone(reading: _Reading, row: Row) -> ZoneDeclared | None:
    text, remarks = reading.text, reading.remarks
    vlan = cells.number(text(row, "vlan"), MAX_VLAN, "list.bad-vlan", row.number, remarks)
    network = text(row, "network") or text(row, "addresses")
    zone = said(text(row, "zone")) or said(text(row, "name")) or (f"VLAN {vlan}" if vlan else "")
    cidr = cells.network(network, text(row, "mask"), row.number, remarks)
    if not zone or not cidr:
        remarks.add("list.no-zone", row.number)
        return None
    purpose = said(text(row, "purpose"))
    return ZoneDeclared(**reading.where(row), zone=zone, network=cidr, vlan=vlan, purpose=purpose)


_ROWS: Mapping[DocumentType, Callable[[_Reading, Row], Declaration | None]] = {
    DocumentType.ASSETS: _device,
    DocumentType.AE_REGISTER: _title,
    DocumentType.ZONES: _zone,
}


# ---------------------------------------------------------------- network plans in TOML
class _PlannedZone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    network: str = ""
    networks: tuple[str, ...] = ()
    vlan: int = 0
    purpose: str = ""


class _Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    zones: tuple[_PlannedZone, ...]


def _zones_of_toml(data: bytes, origin: Origin) -> list[Declaration]:
    """A plan with one `[[zones]]` for each: `name`, `network` or `networks`, and perhaps `vlan` and `purpose`."""
    # Python's reader takes time and memory in the square of the length of a key: `a.a.a.a…`.
    if len(data) > MAX_TOML or max(map(len, data.splitlines()), default=0) > MAX_TOML_LINE:
        raise SourceError(
            f"{origin.name}: a network plan in TOML has at most {MAX_TOML >> 10} KB and {MAX_TOML_LINE} bytes a line; "
            "give a larger one as CSV"
        )
    try:
        plan = msgspec.convert(tomllib.loads(data.decode("utf-8-sig")), _Plan)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{origin.name}: not a network plan ({error})") from error
    remarks, rows = Remarks(), list[Declaration]()
    for number, zone in enumerate(plan.zones, start=1):
        for network in filter(None, (zone.network, *zone.networks)):
            cidr = cells.network(network, "", number, remarks)
            if not cidr or not said(zone.name):
                raise SourceError(f"{origin.name}, zone {number}: a name and networks such as 10.20.0.0/16 are needed")
            rows.append(
                ZoneDeclared(
                    **origin.where(number),
                    zone=said(zone.name),
                    network=cidr,
                    vlan=zone.vlan if 0 < zone.vlan <= MAX_VLAN else 0,
                    purpose=said(zone.purpose),
                )
            )
    return _with_document(
        rows, DocumentType.ZONES, origin, form="TOML", data=data, remarks=remarks.all(), place=origin.name
    )
