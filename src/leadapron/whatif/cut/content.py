"""The kinds of measures, read from `content/whatif/measures`: what each acts on, what it costs, its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib.resources.abc import Traversable
from typing import Annotated

from msgspec import Meta, Struct

from leadapron.model.content import LANGUAGES, read_toml, shipped, toml_files
from leadapron.model.department import Basis, DeviceClass, Way
from leadapron.model.errors import ContentError
from leadapron.model.measures import Measure
from leadapron.rules.lint import placeholders

Text = Mapping[str, str]
"""Language → sentence."""

Amount = Annotated[float, Meta(ge=0, le=10_000)]


class Action(StrEnum):
    """Kinds of measures: one file each."""

    PATCH = "patch"
    DISABLE_SMB1 = "disable-smb1"
    SAFE_SHARES = "safe-shares"
    CLOSE_RDP = "close-rdp"
    CLOSE_REMOTE = "close-remote"
    SEGMENT = "segment"
    ISOLATE = "isolate"
    GUARD = "guard"
    VENDOR_MFA = "vendor-mfa"
    OFF_INTERNET = "off-internet"
    OFFLINE_BACKUP = "offline-backup"
    MIX_MODALITIES = "mix-modalities"
    DIRECTORY_TIERING = "directory-tiering"


PLACES: Mapping[Action, frozenset[str]] = {
    Action.SEGMENT: frozenset({"way", "source", "target", "count"}),
    Action.ISOLATE: frozenset({"subject", "count"}),
    Action.VENDOR_MFA: frozenset({"subject", "count"}),
    Action.OFF_INTERNET: frozenset({"subject"}),
    Action.OFFLINE_BACKUP: frozenset({"count"}),
    Action.MIX_MODALITIES: frozenset({"count"}),
}
"""What titles may name, where it is not the device (`subject`)."""

ONE, MANY = frozenset({"subject"}), frozenset({"zone", "count"})


class Cost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`base`, or `fleet` for ordinary computers of a zone done together, and `each` further device, pair or partner."""

    base: Amount = 0.0
    fleet: Amount = 0.0
    each: Amount = 0.0


class MeasureContent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of measure."""

    name: Action
    work: str = ""
    """The same work in `content/actions`, where there is one."""
    kinds: tuple[DeviceClass, ...] = ()
    """Devices it is for."""
    ways: tuple[Way, ...] = ()
    """Ways into a device that it makes harder."""
    settles: tuple[str, ...] = ()
    """Rules whose findings it settles. Empty: all that open its ways, because it closes the ways themselves."""
    unless: tuple[str, ...] = ()
    """Rules: a device with a finding of one cannot be done."""
    base: bool = False
    """Also the part of a weakness that is assumed, without a finding behind it."""
    left: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    """What is left of a weakness it settles."""
    hours: Cost
    downtime: Amount = 0.0
    """Hours each scanner stands still."""
    windows: int = 0
    """Change windows, where a device that exams need stands still."""
    euros: Cost = Cost()
    basis: Basis
    source: str = ""
    """What hours and euros rest on."""
    title: Text
    many: Text = {}
    """Title for the ordinary computers of a zone together."""
    unused: Text = {}
    """Title where nothing was seen to use what it closes."""
    how: Text
    breaks: Text
    """What it may disturb."""

    def title_of(self, measure: Measure) -> Text:
        """Language → the sentence whose places `measure.params` fills (`way` is a word of its own: `way=smb`)."""
        if self.many and "zone" in measure.params:
            return self.many
        return self.unused if self.unused and not measure.params.get("count") else self.title


def load_measures(folder: Traversable | None = None) -> Mapping[Action, MeasureContent]:
    """Kinds of measures by name, from packaged content unless `folder` is given. Raises `ContentError`."""
    found: dict[Action, MeasureContent] = {}
    for file in toml_files(folder if folder is not None else shipped("whatif", "measures")):
        content = read_toml(file, MeasureContent)
        for problem in _problems(content, file.name):
            raise ContentError(f"{file.name}: {problem}")
        found[content.name] = content
    if missing := sorted(set(Action) - found.keys()):
        raise ContentError(f"measures: no file for {', '.join(missing)}")
    return found


def _problems(content: MeasureContent, name: str) -> Iterator[str]:
    if name != f"{content.name}.toml":
        yield f"name: {content.name!r} is not the file's name"
    if content.hours.base <= 0:
        yield "hours: base must be above 0"
    device = content.name not in PLACES
    if device and not (content.kinds and content.ways):
        yield "kinds, ways: a measure on devices needs both"
    title, none = PLACES.get(content.name, ONE), frozenset[str]()
    for part, allowed in (
        ("title", title),
        ("many", MANY),
        ("unused", title - {"count"}),
        ("how", none),
        ("breaks", none),
    ):
        texts: Text = getattr(content, part)
        if part in ("many", "unused") and not texts:
            continue
        if set(texts) != set(LANGUAGES):
            yield f"{part}: needs exactly the languages {', '.join(LANGUAGES)}"
            continue
        for language, sentence in texts.items():
            try:
                named = placeholders(sentence)
            except ValueError as error:
                yield f"{part}.{language}: {error}"
                continue
            if not sentence.strip() or named != allowed:
                yield f"{part}.{language}: empty, or other places than {', '.join(sorted(allowed)) or 'none'}"
