"""The published JSON Schemas are those the structs give, and documents follow them."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from msgspec import Struct

from leadapron.report import encode
from leadapron.report.schema import PUBLISHED, document_schema, encoded
from tests.report import known

FOLDER = Path(__file__).parents[2] / "docs/reference"
DOCUMENTS = {
    "assessment": known.Made.assessed,
    "plan": known.Made.planned,
    "procedures": known.Made.procedures,
    "coverage": known.Made.coverage,
}


@pytest.mark.parametrize("made", [known.department(), known.bare()], ids=["department", "bare"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_follows_its_schema(name: str, made: known.Made) -> None:
    validator = Draft202012Validator(document_schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)
    said: Struct = DOCUMENTS[name](made, "fr")  # type: ignore[assignment]
    validator.validate(json.loads(encode(said)))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_schema_is_current(name: str) -> None:
    assert (FOLDER / f"{name}.schema.json").read_text("utf-8") == encoded(name), (
        f"run: python -m leadapron.report.schema {name} > docs/reference/{name}.schema.json"
    )


@pytest.mark.parametrize(("name", "struct", "field"), [("assessment", "FindingEntry", "rank"),
                                                       ("plan", "ActionEntry", "points"),
                                                       ("procedures", "QuestionEntry", "expires"),
                                                       ("coverage", "FrameworkEntry", "ours")])  # fmt: skip
def test_a_schema_is_valid_and_described(name: str, struct: str, field: str) -> None:
    schema = document_schema(name)
    Draft202012Validator.check_schema(schema)
    assert "description" in schema["$defs"][struct]
    assert schema["$defs"][struct]["properties"][field]["description"]
