"""What the world says about products: advisories, exploited flaws, ends of support; and what follows for one product.

Facts only: identifiers, versions, scores and dates. No sentence of an advisory is kept, except the few words that
state which versions it means (`ProductRange.constraint`), because an answer must quote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct, field


class Status(StrEnum):
    """What an advisory says of a product (CSAF 2.0 §3.2.3.9)."""

    AFFECTED = "affected"
    FIXED = "fixed"
    NOT_AFFECTED = "not_affected"
    UNDER_INVESTIGATION = "under_investigation"


class Vulnerability(Struct, frozen=True, kw_only=True):
    """A flaw that an advisory describes. `cvss` holds vectors, newest version of CVSS last."""

    cve: str
    cvss: tuple[str, ...] = ()
    cwe: str = ""


class ProductRange(Struct, frozen=True, kw_only=True):
    """Versions of one product, and what an advisory says of them."""

    vendor: str
    product: str
    constraint: str
    """Versions meant, in the source's own few words: `<= 2.3.0`, `>=1.3.4 | <1.5.3`, `all versions`, or free text."""
    quote: str = ""
    """The source's own words where a person rewrote them as `constraint`, or could not."""
    status: Status = Status.AFFECTED
    cves: tuple[str, ...] = ()
    """Flaws concerned; empty means all of the advisory."""
    fixed: str = ""
    """First version in which the maker repaired it, where the source names one."""
    cpe: str = ""
    purl: str = ""
    open: str = ""
    """What the source leaves open, as the end of a message id (`option` for `advisory.open.option`); then the answer
    is `review` at best."""


class Advisory(Struct, frozen=True, kw_only=True):
    """A published statement on products, reduced to facts."""

    id: str
    title: str
    """The products' names, as the source heads it."""
    publisher: str
    published: date
    updated: date
    url: str = ""
    products: tuple[ProductRange, ...] = ()
    vulnerabilities: tuple[Vulnerability, ...] = ()
    curated: bool = False
    """A person read it and wrote its constraints (the overlay); else a program converted it."""


class Exploited(Struct, frozen=True, kw_only=True):
    """A flaw that attackers use (CISA KEV)."""

    cve: str
    added: date
    ransomware: bool = False


class Release(Struct, frozen=True, kw_only=True):
    """A release of a product and the last day of its maker's ordinary support (None: not announced)."""

    cycle: str
    label: str
    end: date | None
    extended_end: date | None = None
    """Last day of support that must be bought."""
    ended: bool = False
    """Ordinary support has ended: in a source, on a day that it does not tell (`end` is None then)."""
    latest: str = ""


class Lifecycle(Struct, frozen=True, kw_only=True):
    """Ends of support of one product (endoflife.date)."""

    product: str
    title: str
    releases: tuple[Release, ...]


class FeedState(StrEnum):
    """Whether what a feed says can be relied on today."""

    FRESH = "fresh"
    STALE = "stale"
    MISSING = "missing"


class Feed(Struct, frozen=True, kw_only=True):
    """Where facts come from and how old they are."""

    id: str
    """`advisories`, `overlay`, `kev`, `epss`, `endoflife` or `advisories/<provider>`."""
    title: str
    source: str
    """Address or file name it was read from."""
    as_of: date | None
    """Newest date in the data itself: the age that counts."""
    fetched: datetime | None
    """When it was read; None for what is shipped with the program."""
    sha256: str = ""
    records: int = 0
    stale_after: int = 30
    """Days after which it is called stale."""
    verified: str = ""
    """How its origin was checked: `signature`, `hash`, `bundle`, or empty."""

    def state(self, today: date) -> FeedState:
        """Fresh, stale, or missing when it holds nothing."""
        if self.as_of is None or not self.records:
            return FeedState.MISSING
        # Data from the future mean a clock that was set back, and then nobody knows how old anything is.
        return FeedState.FRESH if -1 <= (today - self.as_of).days <= self.stale_after else FeedState.STALE


class Knowledge(Struct, frozen=True, kw_only=True):
    """All that is known of the world at one time."""

    advisories: tuple[Advisory, ...] = ()
    exploited: Mapping[str, Exploited] = field(default_factory=dict)
    """CVE → its entry in KEV."""
    epss: Mapping[str, float] = field(default_factory=dict)
    """CVE → probability of exploitation within 30 days (FIRST EPSS)."""
    lifecycles: tuple[Lifecycle, ...] = ()
    feeds: tuple[Feed, ...] = ()


class Product(Struct, frozen=True, kw_only=True):
    """What is asked about: a device, a toolkit, an operating system, or a component of an SBOM."""

    vendor: str
    name: str
    version: str = ""
    cpe: str = ""
    purl: str = ""


class Verdict(StrEnum):
    """`review`: the sources do not settle it; a person must read them."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not_affected"
    REVIEW = "review"


class Answer(Struct, frozen=True, kw_only=True):
    """What one advisory means for one product."""

    advisory: str
    title: str
    url: str
    published: date
    verdict: Verdict
    cves: tuple[str, ...]
    cvss: float | None
    """Highest base score of those flaws, recomputed from the vectors; None when no vector was published."""
    cvss_vector: str
    exploited: tuple[str, ...]
    """Those of `cves` that are in KEV."""
    ransomware: bool
    epss: float | None
    """Highest of those flaws; None when no feed says."""
    vendor: str
    product: str
    """As the advisory spells them."""
    constraint: str
    """The versions it means, in its words."""
    reason: str
    """Message id of why (`match.below`, `match.version-unknown` …)."""
    params: Mapping[str, str]
    fixed: str
    curated: bool


class Answers(Struct, frozen=True, kw_only=True):
    """Everything known of one product. No answer about an unknown vendor or product is a clean bill."""

    product: Product
    vendor_known: bool
    product_known: bool
    answers: tuple[Answer, ...]
    """Worst first: exploited, affected, review, not affected; then by score."""
    similar: tuple[str, ...] = ()
    """Known spellings close to an unknown one."""
