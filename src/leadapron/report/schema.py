"""The published JSON Schemas of the documents, made from their structs.

`python -m leadapron.report.schema NAME` writes one to standard output (assessment, plan, whatif … as in `PUBLISHED`); a
test compares them with the committed `docs/reference/<name>.schema.json`.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec import inspect as types

from leadapron.report.contract import SCHEMA, Document
from leadapron.report.guard.contract import REPLAY, ReplayDocument
from leadapron.report.plan.contract import PLAN, PlanDocument
from leadapron.report.practices.contract import COVERAGE, PROCEDURES, CoverageDocument, ProceduresDocument
from leadapron.report.segment.contract import REHEARSAL, SEGMENTATION, RehearsalDocument, SegmentationDocument
from leadapron.report.whatif.contract import (
    BEST,
    COMPARISON,
    PATHS,
    WHATIF,
    BestDocument,
    ComparisonDocument,
    OutcomeDocument,
    PathsDocument,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"

PUBLISHED: Mapping[str, tuple[str, type[Struct]]] = {
    "assessment": (SCHEMA, Document),
    "plan": (PLAN, PlanDocument),
    "procedures": (PROCEDURES, ProceduresDocument),
    "coverage": (COVERAGE, CoverageDocument),
    "whatif": (WHATIF, OutcomeDocument),
    "comparison": (COMPARISON, ComparisonDocument),
    "best": (BEST, BestDocument),
    "paths": (PATHS, PathsDocument),
    "segmentation": (SEGMENTATION, SegmentationDocument),
    "rehearsal": (REHEARSAL, RehearsalDocument),
    "replay": (REPLAY, ReplayDocument),
}
"""Name of the file → name of the contract, and its struct."""


def document_schema(name: str) -> dict[str, Any]:
    """JSON Schema 2020-12 of one document; descriptions are the docstrings of its structs and fields."""
    title, document = PUBLISHED[name]
    (reference,), definitions = msgspec.json.schema_components([document], ref_template="#/$defs/{name}")
    for struct in _structs(types.type_info(document), set()):
        properties = definitions[struct.__name__]["properties"]
        for name, text in _field_docstrings(struct).items():
            properties[name] = {"description": text, **properties[name]}
    return {"$schema": DIALECT, "title": title, **reference, "$defs": definitions}


def _structs(node: object, met: set[type[Struct]]) -> Iterator[type[Struct]]:
    """Every struct that a type mentions, once."""
    if isinstance(node, types.StructType):
        if node.cls in met:
            return
        met.add(node.cls)
        yield node.cls
        for field in node.fields:
            yield from _structs(field.type, met)
    elif isinstance(node, types.VarTupleType):
        yield from _structs(node.item_type, met)
    elif isinstance(node, types.DictType):
        yield from _structs(node.value_type, met)
    elif isinstance(node, types.UnionType):
        for one in node.types:
            yield from _structs(one, met)


def _field_docstrings(struct: type[Struct]) -> dict[str, str]:
    """Field → the string that stands below it in the source."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    found = {}
    for field, below in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            found[field.target.id] = inspect.cleandoc(below.value.value)
    return found


def encoded(name: str) -> str:
    """The schema as it is committed."""
    return json.dumps(document_schema(name), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(encoded(*sys.argv[1:2] or ["assessment"]))
