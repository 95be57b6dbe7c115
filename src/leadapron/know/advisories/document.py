"""The parts of a CSAF document that carry facts, as typed structures: decoding into them is the schema check.

Prose (notes, descriptions, acknowledgements) has no field here and is never kept. Names are those of the JSON.
Covers CSAF 2.0 and 2.1; where the two name a thing differently, both names are fields.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from leadapron.model.errors import SourceError

MAX_DOCUMENT = 50_000_000
"""Bytes of one document; the largest published today (of a Linux distribution) is below 30 MB."""
MAX_NAME = 4_000
"""Characters of a name; a longer one is no name."""
MAX_PURLS = 100
"""Package URLs of one product."""

Name = Annotated[str, Meta(max_length=MAX_NAME)]
CveId = Annotated[str, Meta(pattern=r"^CVE-[0-9]{4}-[0-9]{4,19}$")]


class Publisher(Struct):
    """Who speaks."""

    name: Name
    category: str = ""


class Reference(Struct):
    """A link; those of category `self` lead to the advisory itself."""

    url: str
    category: str = "external"


class Tracking(Struct):
    """Which advisory, and which edition of it."""

    id: Name
    initial_release_date: datetime
    current_release_date: datetime
    version: Name
    status: Literal["draft", "interim", "final"]


class Header(Struct):
    """The `document` object."""

    title: Name
    publisher: Publisher
    tracking: Tracking
    csaf_version: Literal["2.0", "2.1"]
    references: list[Reference] = field(default_factory=list)


class Helper(Struct):
    """Machine-readable identifiers of a product (CSAF 2.0 §3.1.3.3)."""

    cpe: Name = ""
    purl: Name = ""
    purls: Annotated[list[Name], Meta(max_length=MAX_PURLS)] = field(default_factory=list)
    serial_numbers: list[Name] = field(default_factory=list)


class FullName(Struct):
    """A product and the identifier by which the document means it."""

    name: Name
    product_id: Name
    product_identification_helper: Helper | None = None


class Branch(Struct):
    """A node of the product tree; the order of categories is free (CSAF 2.0 §3.1.2)."""

    category: Name
    name: Name
    branches: list[Branch] = field(default_factory=list)
    product: FullName | None = None


class Relationship(Struct):
    """A product together with another, as a new product (CSAF 2.0 §3.2.2.4)."""

    category: Name
    product_reference: Name
    relates_to_product_reference: Name
    full_product_name: FullName


class Subpath(Struct):
    """One step of a product path."""

    category: Name
    next_product_reference: Name


class ProductPath(Struct):
    """What CSAF 2.1 writes in the place of relationships."""

    beginning_product_reference: Name
    subpaths: list[Subpath]
    full_product_name: FullName


class Group(Struct):
    """Several products under one name."""

    group_id: Name
    product_ids: list[Name]


class Tree(Struct):
    """The `product_tree` object."""

    branches: list[Branch] = field(default_factory=list)
    full_product_names: list[FullName] = field(default_factory=list)
    relationships: list[Relationship] = field(default_factory=list)
    product_paths: list[ProductPath] = field(default_factory=list)
    product_groups: list[Group] = field(default_factory=list)


class ProductStatus(Struct):
    """Identifiers of products by what is said of them (CSAF 2.0 §3.2.3.9; `unknown` is of 2.1)."""

    first_affected: list[Name] = field(default_factory=list)
    known_affected: list[Name] = field(default_factory=list)
    last_affected: list[Name] = field(default_factory=list)
    first_fixed: list[Name] = field(default_factory=list)
    fixed: list[Name] = field(default_factory=list)
    recommended: list[Name] = field(default_factory=list)
    known_not_affected: list[Name] = field(default_factory=list)
    under_investigation: list[Name] = field(default_factory=list)
    unknown: list[Name] = field(default_factory=list)


class Cvss(Struct, rename="camel"):
    """A score; only its vector is believed."""

    vector_string: Name = ""


class Content(Struct):
    """Scores by version of CVSS."""

    cvss_v2: Cvss | None = None
    cvss_v3: Cvss | None = None
    cvss_v4: Cvss | None = None


class Score(Content):
    """An item of `scores` (CSAF 2.0)."""

    products: list[Name] = field(default_factory=list)


class Metric(Struct):
    """An item of `metrics` (CSAF 2.1)."""

    content: Content
    products: list[Name] = field(default_factory=list)


class Remediation(Struct):
    """What can be done; the sentence is read for a version and dropped."""

    category: Name
    details: str = ""
    product_ids: list[Name] = field(default_factory=list)
    group_ids: list[Name] = field(default_factory=list)


class Cwe(Struct):
    """A class of weakness."""

    id: Name


class OtherId(Struct):
    """An identifier that is not a CVE."""

    text: Name


class Flaw(Struct):
    """An item of `vulnerabilities`."""

    cve: CveId = ""
    ids: list[OtherId] = field(default_factory=list)
    cwe: Cwe | None = None
    cwes: list[Cwe] = field(default_factory=list)
    product_status: ProductStatus = field(default_factory=ProductStatus)
    scores: list[Score] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    remediations: list[Remediation] = field(default_factory=list)


class Document(Struct):
    """A whole document."""

    document: Header
    product_tree: Tree = field(default_factory=Tree)
    vulnerabilities: list[Flaw] = field(default_factory=list)


class CoverHeader(Struct):
    """As much of `document` as tells one edition from another."""

    tracking: Tracking


class Cover(Struct):
    """As much of a document as tells what it is."""

    document: CoverHeader


T = TypeVar("T")

_DOCUMENT = msgspec.json.Decoder(Document)
_COVER = msgspec.json.Decoder(Cover)


def decode_document(data: bytes, name: str) -> Document:
    """The document in `data`; SourceError names the file and the place in the JSON."""
    return _decode(_DOCUMENT, data, name)


def decode_cover(data: bytes, name: str) -> Cover:
    """Its identity alone, some ten times faster; the JSON is checked to its end all the same."""
    return _decode(_COVER, data, name)


def _decode(decoder: msgspec.json.Decoder[T], data: bytes, name: str) -> T:
    if len(data) > MAX_DOCUMENT:
        raise SourceError(f"{name}: larger than {MAX_DOCUMENT:,} bytes, no advisory is; it is left out")
    try:
        return decoder.decode(memoryview(data)[len(BOM_UTF8) :] if data.startswith(BOM_UTF8) else data)
    except msgspec.ValidationError as error:
        raise SourceError(f"{name}: not a valid CSAF 2.0 or 2.1 document: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{name}: damaged or not JSON: {error}; fetch it again") from error
    except RecursionError as error:
        raise SourceError(f"{name}: lists nested too deep for an advisory; it is left out") from error
