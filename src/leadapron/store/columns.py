"""Arrow columns → Python values, several times faster than `to_pylist`, which makes an object per cell first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

import pyarrow as pa

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows(table: pa.Table | pa.RecordBatch) -> list[dict[str, Any]]:
    """One dict per row; lists stay lists and times are aware UTC, as `msgspec.convert` takes them."""
    columns = [
        values(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column) for column in table.columns
    ]
    names = table.schema.names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def values(array: pa.Array) -> list[Any]:
    """All values of an array of any type that `schema` makes."""
    if isinstance(array, pa.ChunkedArray):  # combine_chunks of a dictionary column may still return chunks
        return [value for chunk in array.chunks for value in values(chunk)]
    if array.null_count:
        present = iter(values(array.drop_null()))
        return [next(present) if valid else None for valid in _booleans(array.is_valid())]
    kind = array.type
    if pa.types.is_dictionary(kind):
        words = values(array.dictionary)
        return [words[index] for index in _numbers(array.indices, kind.index_type.bit_width)]
    if pa.types.is_string(kind):
        return _strings(array)
    if pa.types.is_integer(kind):
        return _numbers(array, kind.bit_width)
    if pa.types.is_timestamp(kind) and kind.unit == "us":
        return [_EPOCH + timedelta(microseconds=number) for number in _numbers(array, 64)]
    if pa.types.is_boolean(kind):
        return _booleans(array)
    if pa.types.is_struct(kind):
        names = [kind.field(index).name for index in range(kind.num_fields)]
        columns = [values(array.field(index)) for index in range(kind.num_fields)]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    if pa.types.is_map(kind):
        return [dict(pairs) for pairs in _slices(array, list(_pairs(array)))]
    if pa.types.is_list(kind):
        return _slices(array, values(array.values))
    return list(array.to_pylist())


def _pairs(array: pa.MapArray) -> zip[tuple[Any, Any]]:
    return zip(values(array.keys), values(array.items), strict=True)


def _slices(array: pa.Array, items: list[Any]) -> list[list[Any]]:
    bounds = _numbers(array.offsets, 32)
    return [items[start:end] for start, end in pairwise(bounds)]


_FORMATS: dict[int, Literal["b", "h", "i", "q"]] = {8: "b", 16: "h", 32: "i", 64: "q"}


def _numbers(array: pa.Array, bits: int) -> list[int]:
    if not len(array):
        return []
    view = memoryview(array.buffers()[1]).cast("B")[: (array.offset + len(array)) * bits // 8].cast(_FORMATS[bits])
    return view[array.offset :].tolist()


def _booleans(array: pa.BooleanArray) -> list[bool]:
    if not len(array):
        return []
    data = memoryview(array.buffers()[1]).cast("B")
    return [bool(data[bit >> 3] >> (bit & 7) & 1) for bit in range(array.offset, array.offset + len(array))]


def _strings(array: pa.StringArray) -> list[str]:
    if not len(array):
        return []
    _, positions, content = array.buffers()
    bounds = memoryview(positions).cast("B").cast("i")[array.offset : array.offset + len(array) + 1].tolist()
    data = content.to_pybytes() if content is not None else b""
    return [data[start:end].decode() for start, end in pairwise(bounds)]
