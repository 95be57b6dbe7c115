"""What a weakness rule is: a Sigma rule, whom it concerns, how hard it is to use and to cure, and its words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from leadapron.model.findings import Confidence, Harm, Severity
from leadapron.rules.condition import Node


class Category(StrEnum):
    """What a rule's rows are: one per device, one per flow, or one for the whole inventory."""

    ASSET = "asset"
    FLOW = "flow"
    INVENTORY = "inventory"


class GroupBy(StrEnum):
    """Which hits make one finding: those of one device, one end of the flows, one zone, or all of them."""

    ASSET = "asset"
    SERVER = "server"
    CLIENT = "client"
    INSIDE = "inside"
    """The end that is not an outside host (the server when neither is)."""
    FLOW = "flow"
    ZONE = "zone"
    CLIENT_ZONE = "client_zone"
    NETWORK = "network"
    PREDICATE = "predicate"
    """The predicate names the subject itself."""


class Ease(StrEnum):
    """What using the weakness takes."""

    EASY = "easy"
    """Free tools, or none, from any machine that reaches the device."""
    MODERATE = "moderate"
    """A position on the path, or knowledge of the department."""
    HARD = "hard"
    """Rare skill, or several other steps first."""


class Texts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sentences of a rule in one language, with `{param}` places filled from `Finding.params`."""

    title: str
    seen: str
    """What was observed, no more."""
    why: str
    """What it means for patients and exams."""
    remedy: str
    """Who does what."""
    side_effects: str
    """What the remedy may disturb."""
    effort: str
    """How long, and whom it takes."""

    def items(self) -> tuple[tuple[str, str], ...]:
        """Part names and their sentences."""
        return tuple((name, getattr(self, name)) for name in self.__struct_fields__)


class Samples(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Small inventories (see `rules.samples`) on which the rule must fire, and on which it must stay silent."""

    fires: tuple[Mapping[str, object], ...]
    silent: tuple[Mapping[str, object], ...]


class Extension(Struct, frozen=True, kw_only=True):
    """The part of a rule that stands in keys of our own, beside Sigma's."""

    harm: tuple[Harm, ...]
    confidence: Confidence
    group_by: GroupBy
    effort_hours: float
    """Working hours of the remedy for one subject, an order of magnitude."""
    ease: Ease
    controls: Mapping[str, tuple[str, ...]]
    """Framework → control ids, known to `content/controls`."""
    samples: Samples
    texts: Mapping[str, Texts]
    evidence: tuple[str, ...] = ("first",)
    """Evidence facets of the asset or flow, the most telling first."""
    predicate: str = ""
    """Named Python predicate for what Sigma cannot say; needs the detection to hold first."""
    params: tuple[str, ...] = ()
    """Names that the predicate adds to those of `rules.lint.PARAMS`."""


class Rule(Extension, frozen=True, kw_only=True):
    """One weakness, ready to be evaluated."""

    name: str
    """Rule id of findings, e.g. `dcm-clear`."""
    id: str
    """Sigma's UUID."""
    title: str
    description: str
    status: str
    level: Severity
    """How bad the weakness is by itself; `assess.ranking` moves it by what depends on the subject."""
    category: Category
    condition: Node
    tags: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
