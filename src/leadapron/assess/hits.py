"""Where a rule held, before hits on one subject are joined into a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec import Struct, field

from leadapron.assess.view import View
from leadapron.model.findings import Citation, Confidence, EventRef, Subject
from leadapron.model.inventory import Asset, Flow
from leadapron.rules.condition import Match

Values = Mapping[str, tuple[str, ...] | int]
"""Parameters before they are put into words: several names, or a number."""


class Hit(Struct, frozen=True, kw_only=True):
    """One row on which a rule held, or one thing a predicate found."""

    asset: Asset | None = None
    flow: Flow | None = None
    subject: Subject | None = None
    """Set by predicates that name their subject."""
    assets: tuple[str, ...] = ()
    """Further devices concerned, for the weight of the finding."""
    flows: tuple[Flow, ...] = ()
    """Further flows it rests on."""
    reasons: tuple[str, ...] = ()
    evidence: tuple[EventRef, ...] = ()
    citations: tuple[Citation, ...] = ()
    weight: tuple[str, ...] = ()
    """Message ids of what moves the rank of this hit besides (`rank.exploited` …); see `assess.ranking`."""
    values: Values = field(default_factory=dict)
    confidence: Confidence | None = None
    """Other than the rule's."""


class Case(Struct, frozen=True, kw_only=True):
    """What a predicate may look at: the whole picture, the row's subject, and the date of judgement."""

    view: View
    now: datetime
    asset: Asset | None = None
    flow: Flow | None = None
    match: Match | None = None
    """Why the rule's detection held on the row."""


Predicate = Callable[[Case], Iterable[Hit]]
"""Called once for each row on which the detection held; yields nothing when the rule does not hold after all."""
