"""The settings file that people start from: every number with what it rests on, all of them commented out.

`#key = value` is a setting that overrides nothing until its `#` is taken away; `# text` explains. What was given
before, by a file or by firewall rules, is written without `#`: it cannot be found in the workspace again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from leadapron.model.department import Assumption, Basis, Chain, Department, Node, Role, Way
from leadapron.model.scenarios import Scenario
from leadapron.model.toml import toml_text
from leadapron.whatif.department.figures import DAY, OTHER_MODALITY, throughput
from leadapron.whatif.department.passages import ASSUMED_OPEN
from leadapron.whatif.department.settings import DAYS, ChainSettings, DeviceSettings, Settings
from leadapron.whatif.department.week import working_mean
from leadapron.whatif.messages import load_messages
from leadapron.whatif.parameters import FIELDS, value_of

Lines = Iterator[str]

_FRENCH_SPACES = "\u00a0\u202f"
"""No-break spaces before punctuation, which Python does not call printable."""


def write_settings(
    department: Department, language: str, *, scenarios: Iterable[Scenario] = (), given: Settings | None = None
) -> str:
    """The file for a department, explained in a language. Read back as it is, it gives the same department; with every
    `#` before a setting taken away, too. `given`: what the department was built with, devices by their ids."""
    return "\n".join((*Writer(department, language, given or Settings()).lines(tuple(scenarios)), "")).lstrip()


class Writer:
    """One file: words of its language and the names that devices have in it."""

    def __init__(self, department: Department, language: str, given: Settings) -> None:
        self._department = department
        self._words = load_messages()[language]
        self._given = given
        labels = Counter(node.label.casefold() for node in department.nodes)
        taken = {node.id for node in department.nodes} | set(department.zones)
        self._names = {
            node.id: node.label if labels[node.label.casefold()] == 1 and node.label not in taken else node.id
            for node in department.nodes
        }
        self._nodes = {node.id: node for node in department.nodes}
        self._found = _by_device(self._names, given)

    def lines(self, scenarios: tuple[Scenario, ...]) -> Lines:
        """All of it."""
        yield from self._text("file-head")
        yield from self._assumptions()
        yield from self._text("file-urgent")
        usual = throughput().urgent_share(OTHER_MODALITY)
        yield self._line("urgent", usual if self._given.urgent is None else self._given.urgent, self._given.urgent)
        yield from self._text("file-devices")
        for node in sorted(self._department.nodes, key=lambda node: self._names[node.id].casefold()):
            yield from self._device(node)
        yield from self._text("file-passages")
        yield from self._passages()
        yield from self._text("file-links")
        yield from self._links()
        yield from self._text("file-chains")
        for chain in self._department.chains:
            yield from self._chain(chain)
        if scenarios:
            yield from self._text("file-scenarios")
        for scenario in scenarios:
            yield from self._scenario(scenario)

    def _text(self, message: str, **params: object) -> Lines:
        yield ""
        for line in self._words[f"department.{message}"].format(**params).splitlines():
            yield f"# {_plain(line)}".rstrip()

    def _assumptions(self) -> Lines:
        """What the simulation rests on, in the file that changes it."""
        for one in self._department.assumptions:
            yield f"# - {_plain(self._said(one))} [{self._words[f'basis={one.basis}']}]"

    def _said(self, assumption: Assumption) -> str:
        source = f" ({assumption.source})" if assumption.source else ""
        params = {key: self._number(value) for key, value in assumption.params.items()}
        return self._words[assumption.message].format(**params) + source

    def _number(self, value: str | float) -> str:
        """As people write it: no needless decimals, and the decimal sign of their language."""
        return value if isinstance(value, str) else f"{value:g}".replace(".", self._words["department.file-decimal"])

    def _line(self, key: str, value: object, given: object, why: str = "") -> str:
        """A setting; it counts at once when it was given."""
        said = f"{key} = {_toml(value)}" + (f"  # {_plain(why)}" if why else "")
        return said if given is not None else f"#{said}"

    def _device(self, node: Node) -> Lines:
        given = self._found.get(node.id, DeviceSettings())
        yield ""
        yield f"[devices.{_key(self._names[node.id])}]"
        yield self._line("class", node.kind.value, given.kind, self._words[f"class={node.kind}"])
        if node.modality:
            yield self._line("modality", node.modality, given.modality)
            yield self._line("disk_gb", node.disk_gb, given.disk_gb)
        yield self._line("zone", node.zone, given.zone)
        for way in Way:
            found = len(node.findings.get(way, ()))
            why = self._words[f"way={way}"]
            if found:
                why += "; " + self._words["department.file-findings"].format(count=found)
            yield self._line(f"weak.{way}", node.weak.get(way, 0.0), given.weak.get(way), why)
        yield self._line("records", node.records, given.records)
        yield self._line("importer", node.importer, given.importer)
        yield self._line("exposed", node.exposed, given.exposed)

    # ------------------------------------------------------------ who reaches whom
    def _passages(self) -> Lines:
        """One entry per pair of zones. A way usually taken for open that is missing was shut by someone."""
        open_: dict[tuple[str, str], dict[Way, Basis]] = defaultdict(dict)
        for passage in self._department.passages:
            open_[passage.source, passage.target][passage.way] = passage.basis
        for source in sorted(self._inner):
            for target in sorted(self._inner - {source}):
                yield from self._pair(source, target, open_[source, target])

    @cached_property
    def _inner(self) -> set[str]:
        """Zones between which passages are a question, those included that the file shut off altogether."""
        open_ = {zone for passage in self._department.passages for zone in (passage.source, passage.target)}
        named = {end for passage in self._given.passages for end in (passage.source, passage.target)}
        return open_ | named & set(self._department.zones)

    def _pair(self, source: str, target: str, open_: Mapping[Way, Basis]) -> Lines:
        denied = {
            way for one in self._given.passages if (one.source, one.target) == (source, target) for way in one.deny
        }
        shut = [way for way in Way if way not in open_ and (way in ASSUMED_OPEN or way in denied)]
        told = bool(shut) or Basis.GIVEN in open_.values()
        yield ""
        yield from self._entry(source, target, list(open_), shut, told=told)

    def _entry(self, source: str, target: str, allow: list[Way], deny: list[Way], *, told: bool) -> Lines:
        mark = "" if told else "#"
        yield f"{mark}[[passages]]"
        yield f"{mark}source = {_toml(source)}"
        yield f"{mark}target = {_toml(target)}"
        for key, ways in (("allow", allow), ("deny", deny)):
            if ways:
                yield f"{mark}{key} = {_toml([way.value for way in Way if way in ways])}"

    def _links(self) -> Lines:
        """Single pairs. What a shut passage would take away is told even where it was measured."""
        open_ = {(one.source, one.target, one.way) for one in self._department.passages}
        pairs: dict[tuple[str, str, bool], list[Way]] = defaultdict(list)
        for link in self._department.links:
            zones = (self._nodes[link.source].zone, self._nodes[link.target].zone)
            is_shut = (
                len(set(zones) & self._inner) == 2 and (*zones, link.way) not in open_ and link.way in ASSUMED_OPEN
            )
            pairs[link.source, link.target, link.basis is Basis.GIVEN or is_shut].append(link.way)
        for (source, target, told), ways in pairs.items():
            yield ""
            yield from self._entry(self._names[source], self._names[target], ways, [], told=told)

    # ------------------------------------------------------------ exams
    def _chain(self, chain: Chain) -> Lines:
        given = self._given.chains.get(chain.modality, ChainSettings())
        needs = {need.role: need for need in chain.needs}
        yield ""
        yield f"[chains.{_key(chain.modality)}]"
        yield self._line("scanners", self._names_of(chain.scanners), given.scanners)
        yield self._line("urgent", chain.urgent, given.urgent)
        for role in Role:
            nodes = self._names_of(needs[role].nodes) if role in needs else []
            yield self._line(f"nodes.{role}", nodes, given.nodes.get(role), self._words[f"role={role}"])
            if role in needs:
                yield self._line(f"kept.{role}", needs[role].kept, given.kept.get(role))
        why = self._words[f"basis={chain.basis}"]
        told = given.per_hour or given.per_working_hour
        yield self._line("per_working_hour", working_mean(chain.per_hour), told or None, why)
        for number, day in enumerate(DAYS):
            hours = list(chain.per_hour[number * DAY : (number + 1) * DAY])
            yield self._line(f"per_hour.{day}", hours, told or None)

    def _names_of(self, ids: Iterable[str]) -> list[str]:
        return [self._names[one] for one in ids]

    def _scenario(self, scenario: Scenario) -> Lines:
        given = self._given.scenarios.get(scenario.name, {})
        yield ""
        yield f"[scenario.{_key(scenario.name)}]"
        for name in dict.fromkeys((*_parameters(scenario), *given)):
            # Quoted, a spread may stand beside its median, which is the same key without it.
            key = _toml(name) if name.endswith(".spread") else name
            yield self._line(key, given.get(name, value_of(scenario, name)), given.get(name))


def _parameters(scenario: Scenario) -> Iterator[str]:
    """Numbers that a scenario sets, by the names under which they may be replaced."""
    for name in FIELDS:
        value = getattr(scenario, name)
        if isinstance(value, Mapping):
            yield from (f"{name}.{key}" for key in value)
        else:
            yield name


def _by_device(names: Mapping[str, str], given: Settings) -> Mapping[str, DeviceSettings]:
    """What was given, by id: devices may also go by the names they have in the file."""
    ids = {name: asset_id for asset_id, name in names.items()} | {one: one for one in names}
    return {ids[name]: one for name, one in given.devices.items() if name in ids}


# ---------------------------------------------------------------- TOML
def _toml(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case str():
            return toml_text(value)
        case list():
            return f"[{', '.join(_toml(one) for one in value)}]"
        case _:
            raise TypeError(f"not a setting: {type(value).__name__}")


def _key(name: str) -> str:
    """A key, quoted unless it is bare (TOML v1.0.0, Keys)."""
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _toml(name)


def _plain(text: str) -> str:
    """For a comment: names come from the network, and a line break in one would become a setting."""
    return "".join(char if char.isprintable() or char in _FRENCH_SPACES else "�" for char in text)
