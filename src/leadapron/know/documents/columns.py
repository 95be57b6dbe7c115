"""Which column of a table fills which field: recognised by its header in English or French, told, or remembered."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct, field

from leadapron.know.documents.tables import word_of
from leadapron.know.files import write_whole
from leadapron.model.content import read_toml, shipped
from leadapron.model.errors import SourceError, UsageError
from leadapron.model.events import DocumentType
from leadapron.model.toml import toml_text

_BARE = str.maketrans("", "", "()[]{}*:")
_ONLY_ASSETS = frozenset(
    {
        "tag", "manufacturer", "product", "modality", "software_version", "os", "serial", "mac", "location", "owner",
        "contact", "end_of_support", "maintenance", "criticality",
    }
)  # fmt: skip
"""Fields that neither AE registers nor network plans have."""
_NAMES_A_DEVICE = ("name", "tag", "serial", "mac", "addresses", "hostname", "ae_title")
NEEDED: Mapping[DocumentType, tuple[tuple[str, ...], ...]] = {
    DocumentType.ASSETS: (_NAMES_A_DEVICE,),
    DocumentType.AE_REGISTER: (("ae_title",),),
    DocumentType.ZONES: (("network", "addresses"), ("zone", "name", "vlan")),
}
"""Of each group, a list of that kind needs one field."""


class _Words(Struct, frozen=True, forbid_unknown_fields=True):
    en: tuple[str, ...]
    fr: tuple[str, ...]


@cache
def synonyms() -> Mapping[str, str]:
    """Header word → field, from `content/documents/columns.toml`."""
    found: dict[str, str] = {}
    for name, words in read_toml(shipped("documents", "columns.toml"), dict[str, _Words]).items():
        for word in (name, *words.en, *words.fr):
            found.setdefault(word_of(word), name)
    return found


def guess_columns(headers: Iterable[str]) -> Mapping[str, str]:
    """Field → header. The whole header counts first, then what stands before a bracket: `IP (main)` is `IP`."""
    found: dict[str, str] = {}
    headers = tuple(headers)
    for shorten in (str, _before_bracket):
        for header in headers:
            name = synonyms().get(word_of(shorten(header)))
            if name and name not in found and header not in found.values():
                found[name] = header
    return found


def _before_bracket(header: str) -> str:
    return header.partition("(")[0].partition("[")[0].translate(_BARE)


def kind_of(columns: Iterable[str]) -> DocumentType | None:
    """What kind of list has these fields; None when they name neither devices, titles nor networks."""
    fields = frozenset(columns)
    about_devices = len(fields & _ONLY_ASSETS)
    if "network" in fields and not about_devices and not fields & {"ae_title", "hostname"}:
        return DocumentType.ZONES
    if "mask" in fields and fields & {"zone", "vlan"} and about_devices == 0:
        return DocumentType.ZONES
    if "ae_title" in fields and fields & {"port", "role"} and about_devices < 3:
        return DocumentType.AE_REGISTER
    if "ae_title" in fields and not about_devices:
        return DocumentType.AE_REGISTER
    if fields & {*_NAMES_A_DEVICE} and (about_devices or len(fields) >= 2):
        return DocumentType.ASSETS
    return None


def told_columns(columns: Mapping[str, str], headers: tuple[str, ...], name: str) -> Mapping[str, str]:
    """Columns that a person named, checked: field → header as the table spells it."""
    spelt = {word_of(header): header for header in reversed(headers)}
    told = {}
    for asked, header in columns.items():
        target = synonyms().get(word_of(asked))
        if target is None:
            raise UsageError(f"no field {asked!r}; fields are {', '.join(sorted(set(synonyms().values())))}")
        found = spelt.get(word_of(header))
        if found is None:
            raise SourceError(f"{name}: no column {header!r}; its columns are {shown(headers)}")
        told[target] = found
    return told


def shown(headers: Iterable[str]) -> str:
    """Headers for a message."""
    return ", ".join(repr(header[:40]) for header in tuple(headers)[:40] if header)


def needed_columns(kind: DocumentType, columns: Mapping[str, str], headers: tuple[str, ...], name: str) -> None:
    """SourceError, with what to do, when a list of that kind lacks a column it cannot do without."""
    for group in NEEDED[kind]:
        if not any(one in columns for one in group):
            wanted = " or ".join(group)
            raise SourceError(
                f"{name}: no column for {wanted} (read as {kind}); its columns are {shown(headers)}. "
                f'Name the right one: --column {group[0]}="{next(filter(None, headers), "Header")}"'
            )


# ---------------------------------------------------------------- memory
class Remembered(Struct, frozen=True, kw_only=True):
    """How a table with certain headers was read."""

    kind: DocumentType
    columns: Mapping[str, str] = field(default_factory=dict)


class ColumnMemory:
    """What a person once said of a table's columns, kept so that next month's list needs no options.

    A small TOML file that a person may read, change or delete; entries by a fingerprint of the headers.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told: dict[str, Remembered] = {}

    def recall(self, headers: tuple[str, ...]) -> Remembered | None:
        """How a table with these headers was read last; UsageError when the file is damaged."""
        return self._entries().get(_fingerprint(headers))

    def remember(self, headers: tuple[str, ...], kind: DocumentType, columns: Mapping[str, str]) -> None:
        """Note it, in place of what was known of these headers; on disk only with `save`."""
        self._told[_fingerprint(headers)] = Remembered(kind=kind, columns=columns)

    def save(self) -> None:
        """Keep what was noted, once the list itself is kept; the file is replaced whole."""
        if not self._told:
            return
        entries = self._entries()
        lines = ["# How the columns of your lists are read. Delete an entry and it is asked for again."]
        for mark, entry in sorted(entries.items()):
            lines += ["", f"[{mark}]", f"kind = {toml_text(entry.kind)}", f"[{mark}.columns]"]
            lines += [f"{name} = {toml_text(header)}" for name, header in sorted(entry.columns.items())]
        write_whole(self.path, ("\n".join(lines) + "\n").encode("utf-8"))

    def _entries(self) -> dict[str, Remembered]:
        try:
            kept = msgspec.convert(tomllib.loads(self.path.read_text("utf-8")), dict[str, Remembered])
            return kept | self._told
        except FileNotFoundError:
            return dict(self._told)
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be read ({error.strerror})") from error
        except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise UsageError(f"{self.path}: damaged ({error}); correct or delete it") from error


def _fingerprint(headers: tuple[str, ...]) -> str:
    words = "\n".join(sorted(word_of(header) for header in headers if header))
    return f"columns-{blake2b(words.encode(), digest_size=6).hexdigest()}"
