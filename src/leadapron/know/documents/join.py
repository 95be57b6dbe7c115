"""Declarations joined to the devices that were seen. Pure: nothing is read, and nothing seen is changed.

What holds today: of forms and SBOMs for one device or model, the newest of each type; of lists, the newest of each
type; of statements on flaws, every document (makers publish one for each flaw), the newest of one name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import ip_address, ip_network

from msgspec import Struct, field

from leadapron.know.documents.targets import Devices
from leadapron.model.declared import Declarations, Declared
from leadapron.model.events import (
    LISTS,
    ComponentDeclared,
    Declaration,
    DeviceDeclared,
    DocumentAdded,
    DocumentType,
    ExploitabilityDeclared,
    FormAnswer,
    ProcedureAnswered,
    TitleDeclared,
    ZoneDeclared,
)
from leadapron.model.inventory import Inventory

_Key = tuple[str, datetime, str, str]


class _Read(Struct, kw_only=True):
    """One document with what stands in it."""

    document: DocumentAdded
    answers: list[FormAnswer] = field(default_factory=list)
    components: list[ComponentDeclared] = field(default_factory=list)
    exploitability: list[ExploitabilityDeclared] = field(default_factory=list)
    devices: list[DeviceDeclared] = field(default_factory=list)
    titles: list[TitleDeclared] = field(default_factory=list)
    zones: list[ZoneDeclared] = field(default_factory=list)


def join(declarations: Iterable[Declaration], inventory: Inventory) -> Declarations:
    """What is declared, by device where it can be joined to exactly one, or to all of a model."""
    documents, answers = _gathered(declarations)
    current = _current(documents)
    devices = Devices(inventory)
    about = _documents_by_device(current, devices)
    rows, unseen = _rows_by_device([row for read in current for row in read.devices], devices)
    titles = [title for read in current for title in read.titles]
    titled: defaultdict[str, list[TitleDeclared]] = defaultdict(list)
    for title in titles:
        for device in devices.titled(title):
            titled[device].append(title)
    return Declarations(
        of={
            device: _declared(about.get(device, []), rows.get(device), titled.get(device, []))
            for device in sorted({*about, *rows, *titled})
        },
        documents=tuple(sorted((read.document for read in documents), key=_newest_first)),
        titles=tuple(titles),
        unseen=tuple(unseen),
        zones=tuple(zone for read in current for zone in read.zones),
        answers=answers,
    )


def _key(event: Declaration) -> _Key:
    return (event.sensor, event.ts, event.asset, event.model)


def _newest_first(document: DocumentAdded) -> tuple[float, str, str, str]:
    return (-document.ts.timestamp(), document.sensor, document.asset, document.model)


def _gathered(declarations: Iterable[Declaration]) -> tuple[list[_Read], Mapping[str, ProcedureAnswered]]:
    """Documents with their content, newest first, and the last answer to each procedure question."""
    documents: dict[_Key, _Read] = {}
    parts: list[Declaration] = []
    answers: dict[str, ProcedureAnswered] = {}
    for event in declarations:
        if isinstance(event, DocumentAdded):
            documents.setdefault(_key(event), _Read(document=event))
        elif isinstance(event, ProcedureAnswered):
            last = answers.get(event.question)
            if last is None or last.ts <= event.ts:
                answers[event.question] = event
        else:
            parts.append(event)
    for event in sorted(parts, key=lambda part: part.packet):
        read = documents.get(_key(event))
        if read is not None:
            _put(read, event)
    return sorted(documents.values(), key=lambda read: _newest_first(read.document)), dict(sorted(answers.items()))


def _put(read: _Read, event: Declaration) -> None:
    match event:
        case FormAnswer():
            read.answers.append(event)
        case ComponentDeclared():
            read.components.append(event)
        case ExploitabilityDeclared():
            read.exploitability.append(event)
        case DeviceDeclared():
            read.devices.append(event)
        case TitleDeclared():
            read.titles.append(event)
        case ZoneDeclared():
            read.zones.append(event)
        case _:
            return


def _current(documents: list[_Read]) -> list[_Read]:
    """Those that no newer document replaces; `documents` are newest first."""
    kept: list[_Read] = []
    seen: set[tuple[str, ...]] = set()
    for read in documents:
        document = read.document
        marks = (
            {("list", document.type.value), ("name", document.sensor)} if document.type in LISTS else {_mark(document)}
        )
        if not seen & marks:
            kept.append(read)
        seen |= marks
    return kept


def _mark(document: DocumentAdded) -> tuple[str, ...]:
    """What a newer document of a device must share to replace this one."""
    mark = (document.type.value, document.asset.casefold(), document.model.casefold())
    one_of_many = document.type is DocumentType.VEX or not any(mark[1:])
    return (*mark, document.sensor) if one_of_many else mark


def _documents_by_device(current: list[_Read], devices: Devices) -> Mapping[str, list[_Read]]:
    """Device → its documents, newest first. One that was added for nothing goes by the product it names itself."""
    found: defaultdict[str, list[_Read]] = defaultdict(list)
    for read in current:
        document = read.document
        if document.type in LISTS:
            continue
        if document.asset:
            named = devices.named(document.asset)
            targets = frozenset({named}) if named else frozenset[str]()
        elif document.model:
            targets = devices.of_model(document.model)
        else:
            targets = devices.of_model(f"{document.manufacturer} {document.product}", document.product)
        for target in targets:
            found[target].append(read)
    return found


def _rows_by_device(
    rows: list[DeviceDeclared], devices: Devices
) -> tuple[Mapping[str, DeviceDeclared], list[DeviceDeclared]]:
    """Device → its row, and rows that join nothing: of no device seen, or of one that an equal row claims too."""
    claims: defaultdict[str, list[tuple[bool, DeviceDeclared]]] = defaultdict(list)
    joined: dict[str, DeviceDeclared] = {}
    for row in rows:
        found = devices.declared(row)
        if found:
            claims[found[0]].append((found[1], row))
    for device, claimed in claims.items():
        best = max(hardware for hardware, _ in claimed)
        strongest = [row for hardware, row in claimed if hardware is best]
        if len(strongest) == 1:
            joined[device] = strongest[0]
    taken = {id(row) for row in joined.values()}
    return joined, [row for row in rows if id(row) not in taken]


def _declared(documents: list[_Read], row: DeviceDeclared | None, titles: list[TitleDeclared]) -> Declared:
    form: dict[str, FormAnswer] = {}
    components: dict[tuple[str, str, str], ComponentDeclared] = {}
    for read in documents:
        for answer in read.answers:
            form.setdefault(answer.question, answer)
        for component in read.components:
            components.setdefault((component.name, component.version, component.purl), component)
    return Declared(
        documents=tuple(read.document for read in documents),
        form=form,
        components=tuple(components.values()),
        exploitability=tuple(said for read in documents for said in read.exploitability),
        device=row,
        titles=tuple(titles),
    )


# ---------------------------------------------------------------- zones
def zone_names(inventory: Inventory, zones: Iterable[ZoneDeclared]) -> Mapping[str, str]:
    """Asset id → its zone by the network plan, for those that the plan covers; the smallest network decides."""
    plan: dict[tuple[int, int], dict[int, str]] = defaultdict(dict)
    for zone in zones:
        try:
            network = ip_network(zone.network, strict=False)
        except ValueError:
            continue
        host_bits = network.max_prefixlen - network.prefixlen
        plan[network.version, host_bits].setdefault(int(network.network_address) >> host_bits, zone.zone)
    sizes = sorted(plan)
    found = {}
    for asset in inventory.assets:
        name = next(filter(None, (_zone_of(address, plan, sizes) for address in asset.addresses)), None)
        if name:
            found[asset.id] = name
    return found


def _zone_of(address: str, plan: Mapping[tuple[int, int], Mapping[int, str]], sizes: list[tuple[int, int]]) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    for version, host_bits in sizes:
        if version == parsed.version:
            name = plan[version, host_bits].get(int(parsed) >> host_bits)
            if name:
                return name
    return ""
