"""Hypothesis strategies for event kinds, derived from their structs as the Arrow schema is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields

TIMES = st.integers(min_value=-(2**51), max_value=2**51).map(
    lambda microseconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
INTEGERS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@cache
def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Any value that a field of this type may hold."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return st.none() | values_of(inner)
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=3)
    if issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if issubclass(annotation, Struct):
        return structs_of(annotation)
    return {str: TEXTS, int: INTEGERS, bool: st.booleans(), float: st.floats(allow_nan=False), datetime: TIMES}[
        annotation
    ]


@cache
def structs_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any instance of a struct."""
    content = {item.name: values_of(item.type) for item in fields(kind)}
    return st.fixed_dictionaries(content).map(lambda values: kind(**values))
