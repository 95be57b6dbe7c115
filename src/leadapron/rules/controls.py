"""Controls of published frameworks, with short titles in our own words.

Which weakness touches which control is our reading: no framework publishes such a mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources.abc import Traversable

from msgspec import Struct

from leadapron.model.content import LANGUAGES, read_toml, shipped, toml_files
from leadapron.model.errors import ContentError


class Control(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One requirement or good practice; `titles` by language."""

    id: str
    titles: Mapping[str, str]


class MappingBy(StrEnum):
    """Whose word it is that a weakness or question touches a control."""

    OURS = "ours"
    PUBLISHED = "published"
    """The framework's publisher says so."""


class Framework(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published set of controls. `id` is what rules and questions use (`hicp`, `csf` …)."""

    id: str
    name: str
    source: str
    edition: str
    controls: tuple[Control, ...]
    mapping: MappingBy
    note: Mapping[str, str]
    """What a reader must know of the mapping and the edition, by language."""

    def control(self, control_id: str) -> Control | None:
        """The control of that id, if known."""
        return next((control for control in self.controls if control.id == control_id), None)


def load_controls(folder: Traversable | None = None) -> Mapping[str, Framework]:
    """Frameworks by id, from packaged content unless `folder` is given. Raises `ContentError`."""
    frameworks = map(_framework, toml_files(folder or shipped("controls")))
    return {framework.id: framework for framework in frameworks}


def _framework(entry: Traversable) -> Framework:
    framework = read_toml(entry, Framework)
    if len({control.id for control in framework.controls}) < len(framework.controls):
        raise ContentError(f"{entry.name}: a control stands there twice")
    for language in LANGUAGES:
        if not framework.note.get(language):
            raise ContentError(f"{entry.name}: note: nothing in {language}")
        for control in framework.controls:
            if not control.titles.get(language):
                raise ContentError(f"{entry.name}: control {control.id} has no title in {language}")
    return framework
