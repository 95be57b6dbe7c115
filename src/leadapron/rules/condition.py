"""The condition of a rule as a small tree, evaluated on one row and able to say why it held.

A row is a mapping of field names to scalars, sequences or mappings (as `rules.rows` makes them). Sigma's semantics:
a sequence matches when any element does, a mapping stands for its keys, `field.key` looks into a mapping, text is
compared without regard to case unless the rule says `cased`. Evaluation never raises, whatever the row holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address

from msgspec import Struct

Row = Mapping[str, object]

REGEX_INPUT = 256
"""Characters of a value that a regular expression sees: with `rules.sigma`'s limits this bounds its time."""


class Glob(Struct, frozen=True):
    """Text with wildcards. Parts are single characters, `Wild` members standing for `*` and `?`."""

    parts: tuple[str | Wild, ...]
    cased: bool = False

    def __call__(self, value: object) -> bool:
        text = str(value)
        return _glob(self.parts, text if self.cased else text.casefold())


class Wild(StrEnum):
    """Wildcards of Sigma text, told apart from the characters they are written with."""

    MANY = "many"
    ONE = "one"


class Number(Struct, frozen=True):
    """Equal to a number; text that spells it counts too (ports arrive as either)."""

    value: float

    def __call__(self, value: object) -> bool:
        if isinstance(value, bool):
            return False
        if isinstance(value, int | float):
            return value == self.value
        return isinstance(value, str) and value == f"{self.value:g}"


class Truth(Struct, frozen=True):
    """Equal to a boolean."""

    value: bool

    def __call__(self, value: object) -> bool:
        return isinstance(value, bool) and value is self.value


class Order(StrEnum):
    """The four comparisons of Sigma."""

    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"


_COMPARISONS: Mapping[Order, Callable[[float, float], bool]] = {
    Order.LT: lambda a, b: a < b,
    Order.LTE: lambda a, b: a <= b,
    Order.GT: lambda a, b: a > b,
    Order.GTE: lambda a, b: a >= b,
}


class Compare(Struct, frozen=True):
    """A number on the given side of a bound."""

    order: Order
    bound: float

    def __call__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return _COMPARISONS[self.order](value, self.bound)


class Pattern(Struct, frozen=True):
    """A regular expression found in the first `REGEX_INPUT` characters."""

    regex: re.Pattern[str]

    def __call__(self, value: object) -> bool:
        return isinstance(value, str) and self.regex.search(value[:REGEX_INPUT]) is not None


class InNetwork(Struct, frozen=True):
    """An address inside a network (CIDR)."""

    network: IPv4Network | IPv6Network

    def __call__(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return ip_address(value) in self.network
        except ValueError:
            return False


ElementTest = Glob | Number | Truth | Compare | Pattern | InNetwork


class Leaf(Struct, frozen=True):
    """Some element of `field` passes `test`."""

    field: str
    test: ElementTest


class Present(Struct, frozen=True):
    """`field` has a value (`expected`), or has none: rows leave out what was not seen."""

    field: str
    expected: bool


class SameAs(Struct, frozen=True):
    """Two fields of the row share an element."""

    field: str
    other: str


class All(Struct, frozen=True):
    """Every child holds."""

    children: tuple[Node, ...]


class Any(Struct, frozen=True):
    """At least one child holds."""

    children: tuple[Node, ...]


class Not(Struct, frozen=True):
    """The child does not hold."""

    child: Node


Node = Leaf | Present | SameAs | All | Any | Not


class Match(Struct, frozen=True):
    """Why a node held: the leaves that did, with the values that made them hold; inner nodes hold `children`."""

    node: str
    field: str = ""
    values: tuple[str, ...] = ()
    children: tuple[Match, ...] = ()

    def reasons(self) -> tuple[str, ...]:
        """Leaves as `field=value`, in the rule's order, each once."""
        return tuple(dict.fromkeys(self._reasons()))

    def positive(self) -> Mapping[str, tuple[str, ...]]:
        """Field → values that passed a test (what only failed to match is left out)."""
        if self.node == "not":
            return {}
        found = {self.field: self.values} if self.field else {}
        for child in self.children:
            for name, values in child.positive().items():
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), *values)))
        return found

    def _reasons(self) -> Iterator[str]:
        if self.field:
            yield f"{self.field}={', '.join(self.values)}"
        for child in self.children:
            yield from child._reasons()


def evaluate(node: Node, row: Row) -> Match | None:
    """The explanation when `node` holds on `row`, else None."""
    match node:
        case All():
            held = []
            for child in node.children:
                found = evaluate(child, row)
                if found is None:
                    return None
                held.append(found)
            return Match("all", children=tuple(held))
        case Any():
            some = tuple(found for child in node.children if (found := evaluate(child, row)) is not None)
            return Match("any", children=some) if some else None
        case Not():
            if evaluate(node.child, row) is not None:
                return None
            seen = (field for field in fields_of(node.child) if elements(lookup(row, field)))
            return Match("not", children=tuple(_as_is(field, row) for field in seen))
        case Present():
            if bool(elements(lookup(row, node.field))) is not node.expected:
                return None
            return _as_is(node.field, row)
        case SameAs():
            others = elements(lookup(row, node.other))
            values = tuple(show(v) for v in elements(lookup(row, node.field)) if v in others)
            return Match("leaf", node.field, values) if values else None
        case Leaf():
            values = tuple(show(v) for v in elements(lookup(row, node.field)) if node.test(v))
            return Match("leaf", node.field, values) if values else None


def fields_of(node: Node) -> tuple[str, ...]:
    """Fields that `node` looks at, each once."""
    return tuple(dict.fromkeys(_fields(node)))


def _fields(node: Node) -> Iterator[str]:
    match node:
        case All() | Any():
            for child in node.children:
                yield from _fields(child)
        case Not():
            yield from _fields(node.child)
        case SameAs():
            yield node.field
            yield node.other
        case Leaf() | Present():
            yield node.field


def lookup(row: Row, field: str) -> object:
    """The value of `field`; `field.key` reads a mapping (keys may hold dots, as UIDs do)."""
    if field in row:
        return row[field]
    name, _, key = field.partition(".")
    inner = row.get(name)
    return inner.get(key) if key and isinstance(inner, Mapping) else None


def elements(value: object) -> tuple[object, ...]:
    """What there is to compare in a value: nothing, one scalar, or the elements of a sequence."""
    if value is None or value == "":
        return ()
    if isinstance(value, str | bytes):
        return (value,)
    if isinstance(value, Mapping | Sequence | set | frozenset):
        return tuple(value)
    return (value,)


def show(value: object) -> str:
    """A value as a reason prints it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d")
    return str(value)


def _as_is(field: str, row: Row) -> Match:
    return Match("leaf", field, tuple(show(v) for v in elements(lookup(row, field))) or ("—",))


def _glob(parts: Sequence[str | Wild], text: str) -> bool:
    """Match with one backtracking point: at worst len(parts) × len(text) steps, unlike a regular expression."""
    i = p = 0
    star = -1
    resume = 0
    while i < len(text):
        if p < len(parts) and parts[p] is Wild.MANY:
            star, resume = p, i
            p += 1
        elif p < len(parts) and (parts[p] is Wild.ONE or parts[p] == text[i]):
            i += 1
            p += 1
        elif star >= 0:
            resume += 1
            i, p = resume, star + 1
        else:
            return False
    return all(part is Wild.MANY for part in parts[p:])
