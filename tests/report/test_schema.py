"""The published JSON Schema is the one the structs give, and documents follow it."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from leadapron.model.assessment import Assessment
from leadapron.report import document, encode
from leadapron.report.schema import assessment_schema, encoded
from tests.report import sample

PUBLISHED = Path(__file__).parents[2] / "docs/reference/assessment.schema.json"


@pytest.mark.parametrize("assessment", [sample.department(), sample.empty()], ids=["department", "empty"])
def test_a_document_follows_the_schema(assessment: Assessment) -> None:
    validator = Draft202012Validator(assessment_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    validator.validate(json.loads(encode(document(assessment, sample.RULES, "fr"))))


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_text("utf-8") == encoded(), (
        "run: python -m leadapron.report.schema > docs/reference/assessment.schema.json"
    )


def test_the_schema_is_valid_and_described() -> None:
    schema = assessment_schema()
    Draft202012Validator.check_schema(schema)
    assert "description" in schema["$defs"]["FindingEntry"]
    assert schema["$defs"]["FindingEntry"]["properties"]["rank"]["description"]
    assert "schema" in schema["$defs"]["Document"]["required"]
