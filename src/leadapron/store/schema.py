"""Arrow schema of an event kind, derived from its struct: one definition, nothing to keep in step (docs/adr/0001)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import pyarrow as pa
from msgspec import Struct
from msgspec.structs import fields

from leadapron.model.events import EVENT_KINDS, Event

TIMESTAMP = pa.timestamp("us", tz="UTC")

_SCALARS: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    datetime: TIMESTAMP,
}


def kind_of(event_type: type[Event]) -> str:
    """The name of a kind, which is its tag and its folder: `dicom_association`."""
    return str(event_type.__struct_config__.tag)


KINDS: dict[str, type[Event]] = {kind_of(event_type): event_type for event_type in EVENT_KINDS}
"""Kind by name, in the order in which one chunk of a source is read: as declared, conversations first of all."""


def _field(name: str, annotation: Any) -> pa.Field:
    if get_origin(annotation) in (Union, UnionType):
        (inner,) = (argument for argument in get_args(annotation) if argument is not NoneType)
        return pa.field(name, _arrow_type(inner), nullable=True)
    return pa.field(name, _arrow_type(annotation), nullable=False)


def _arrow_type(annotation: Any) -> pa.DataType:
    """Arrow type of one annotation; a TypeError here means that an event kind uses a type the store cannot keep."""
    origin = get_origin(annotation)
    if origin is tuple:
        item, ellipsis = get_args(annotation)
        if ellipsis is not Ellipsis:
            raise TypeError(f"only tuples of one type and any length are stored, not {annotation}")
        return pa.list_(_field("element", item))
    if origin is Mapping:
        key, value = get_args(annotation)
        return pa.map_(_arrow_type(key), _arrow_type(value))
    if isinstance(annotation, type):
        if annotation in _SCALARS:
            return _SCALARS[annotation]
        if issubclass(annotation, Enum):
            return pa.string()
        if issubclass(annotation, Struct):
            return pa.struct([_field(item.name, item.type) for item in fields(annotation)])
    raise TypeError(f"no Arrow type for {annotation}")


@cache
def schema_of(event_type: type[Event]) -> pa.Schema:
    """Schema of a kind's Parquet files: enums as strings, times as UTC microseconds, nested structs as structs."""
    return pa.schema([_field(item.name, item.type) for item in fields(event_type)])
