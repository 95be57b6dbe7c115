"""Firewall and VLAN rules between zones, as a list: who may open which ports to whom. The first that fits decides.

    source,target,service,action          service: a port, a range, a service or way by name, or any
    office,modalities,445,deny            action: allow or deny
    10.20.40.0/24,10.20.20.10,dicom,allow source, target: a zone, a network, an address, or any
    any,any,any,deny                      what no rule fits is denied

As TOML: `[[rules]]` with the same keys, and `[zones]` with the networks of zones that no list in the workspace names.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network

from msgspec import Struct, field

from leadapron.model.department import Way
from leadapron.model.errors import SourceError
from leadapron.model.events import Service
from leadapron.whatif.department.settings import MOST_BYTES, converted, document_of, refuse
from leadapron.whatif.department.ways import PORTS_OF_WAY, WAY_OF_SERVICE

ANY = "any"
MOST_RULES = 2_000
MOST_PORT = 65_535

_PORT = re.compile(r"[0-9]{1,5}")

_COLUMNS = ("source", "target", "service", "action")
_SYNONYMS = {
    "from": "source", "src": "source", "origine": "source", "de": "source",
    "to": "target", "dst": "target", "destination": "target", "cible": "target", "vers": "target",
    "port": "service", "ports": "service", "protocol": "service",
    "rule": "action", "decision": "action",
}  # fmt: skip
_ACTIONS = {
    **dict.fromkeys(("allow", "permit", "accept", "autoriser", "autorise"), True),
    **dict.fromkeys(("deny", "drop", "reject", "block", "refuser", "bloquer", "interdire"), False),
}

Network = IPv4Network | IPv6Network


class Ports(Struct, frozen=True, kw_only=True):
    """Ports from `low` to `high`, or the way of a service of this name whatever its port. Neither: a service by which
    no attack travels."""

    said: str
    low: int = 0
    high: int = -1
    way: Way | None = None

    @property
    def is_any(self) -> bool:
        """Every port."""
        return self.low == 0 and self.high == MOST_PORT

    def fits(self, way: Way, port: int) -> bool:
        """Whether a way by this port is meant."""
        return self.way is way or self.low <= port <= self.high

    def holds(self, other: Ports) -> bool:
        """Whether all of another are within these."""
        if self.is_any or self.said == other.said:
            return True
        if other.way or other.high < 0:
            return self.way is not None and self.way is other.way
        return self.low <= other.low and other.high <= self.high


class ZoneRule(Struct, frozen=True, kw_only=True):
    """One line. `source` and `target` are zone names, networks as text, or `any`."""

    place: str
    """Where it stands: `line 7`, `rule 3`."""
    source: str
    target: str
    ports: Ports
    allow: bool


class ZoneRules(Struct, frozen=True, kw_only=True):
    """All rules in order; what none fits is denied."""

    name: str
    rules: tuple[ZoneRule, ...]
    zones: Mapping[str, tuple[str, ...]]
    """Zone → its networks, where the file says so."""


class _Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str
    target: str
    action: str
    service: str | int = ANY
    comment: str = ""


class _Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rules: tuple[_Row, ...]
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_zone_rules(data: bytes, name: str) -> ZoneRules:
    """Rules of a CSV or TOML file. SourceError names the file, the line and what to do."""
    if name.casefold().endswith(".toml"):
        document = converted(document_of(data, name), _Document, "", name)
        rows = [(f"rule {number}", row) for number, row in enumerate(document.rules, start=1)]
        zones = document.zones
    else:
        rows, zones = list(_csv_rows(data, name)), {}
    if not rows:
        raise SourceError(f"{name}: holds no rule; write source, target, service and action, one rule per line")
    if len(rows) > MOST_RULES:
        raise SourceError(f"{name}: more than {MOST_RULES:,} rules; keep those of the imaging department")
    _check_zones(zones, name)
    rules = tuple(_rule(row, place, name) for place, row in rows)
    _check_contradictions(rules, name)
    return ZoneRules(name=name, rules=rules, zones=zones)


def _csv_rows(data: bytes, name: str) -> Iterator[tuple[str, _Row]]:
    if len(data) > MOST_BYTES:
        raise SourceError(f"{name}: longer than {MOST_BYTES:,} bytes; is this the right file?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{name}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        columns: list[str] | None = None
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells) or cells[0].startswith("#"):
                continue
            if columns is None:
                columns = _columns(cells, name)
                continue
            given = {key: cell for key, cell in zip(columns, cells, strict=False) if key in _Row.__struct_fields__}
            yield f"line {reader.line_num}", converted(given, _Row, f"line {reader.line_num}", name)
    except csv.Error as error:
        raise SourceError(f"{name}: line {reader.line_num}: cannot be read as CSV ({error}); correct it") from error


def _columns(cells: list[str], name: str) -> list[str]:
    columns = [_SYNONYMS.get(cell.casefold(), cell.casefold()) for cell in cells]
    for column in _COLUMNS:
        if columns.count(column) != 1:
            raise SourceError(f"{name}: needs one column {column!r}; the first line must name {', '.join(_COLUMNS)}")
    return columns


def _rule(row: _Row, place: str, name: str) -> ZoneRule:
    action = _ACTIONS.get(row.action.strip().casefold())
    if action is None:
        refuse(name, place, f"{row.action!r} is no action; write allow or deny")
    return ZoneRule(
        place=place,
        source=_end(row.source, place, name),
        target=_end(row.target, place, name),
        ports=_ports(str(row.service).strip().casefold(), place, name),
        allow=action,
    )


def _end(text: str, place: str, name: str) -> str:
    end = text.strip()
    if not end:
        refuse(name, place, "source or target is empty; name a zone or a network, or write any")
    if end.casefold() in (ANY, "*", "all", "tous"):
        return ANY
    if network := network_of(end):
        return str(network)
    if "/" in end and end.replace(".", "").replace("/", "").isdigit():
        refuse(name, place, f"{end!r} is no network; write it as 10.20.30.0/24")
    return end


def network_of(text: str) -> Network | None:
    """A network or single address; None where the text is neither."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _ports(text: str, place: str, name: str) -> Ports:
    """`445`, `tcp/445`, `445/tcp`, `8000-8100`, `smb`, `any`."""
    if text.startswith("udp") or text.endswith("/udp"):
        return Ports(said=text)
    bare = text.removeprefix("tcp/").removesuffix("/tcp")
    if bare in ("", ANY, "*", "all", "ip", "tous", "tcp"):
        return Ports(said=ANY, low=0, high=MOST_PORT)
    if bare in PORTS_OF_WAY:
        return Ports(said=bare, way=Way(bare))
    if bare in list(Service):
        return Ports(said=bare, way=WAY_OF_SERVICE.get(Service(bare)))
    low, _, high = (part.strip() for part in bare.partition("-"))
    if _PORT.fullmatch(low) and _PORT.fullmatch(high or low) and 0 < int(low) <= int(high or low) <= MOST_PORT:
        return Ports(said=f"{int(low)}-{int(high or low)}", low=int(low), high=int(high or low))
    why = "is no service; write a port, a range as 8000-8100, a name as smb or dicom, or any"
    raise SourceError(f"{name}: {place}: {text!r} {why}")


def _check_zones(zones: Mapping[str, tuple[str, ...]], name: str) -> None:
    """Every network is one, and belongs to one zone. A network within another zone's is fine: the longest decides."""
    owner: dict[str, str] = {}
    for zone, networks in zones.items():
        for text in networks:
            network = network_of(text)
            if network is None:
                refuse(name, f"zones.{zone}", f"{text!r} is no network; write it as 10.20.30.0/24")
            if owner.setdefault(str(network), zone) != zone:
                refuse(
                    name, f"zones.{zone}", f"{network} is the network of {owner[str(network)]!r} too; keep one of both"
                )


def _check_contradictions(rules: tuple[ZoneRule, ...], name: str) -> None:
    """Two rules for the very same traffic do not disagree."""
    said: dict[tuple[str, str, str], ZoneRule] = {}
    for rule in rules:
        key = (rule.source, rule.target, rule.ports.said)
        first = said.setdefault(key, rule)
        if first.allow is not rule.allow:
            refuse(
                name, rule.place, f"contradicts {first.place}, which says the opposite of the same traffic; keep one"
            )
