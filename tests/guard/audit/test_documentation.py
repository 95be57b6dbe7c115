"""docs/reference/guard-audit.md says what the code does: its examples are made by it, its tables name all it knows."""

import re
from pathlib import Path
from xml.etree import ElementTree

from leadapron.guard.audit import delivery
from leadapron.guard.audit.messages import AuditMessages, read_codes, to_xml
from leadapron.model.events import Event
from tests.guard.audit import events

PAGE = (Path(__file__).parents[3] / "docs/reference/guard-audit.md").read_text("utf-8")
EXAMPLES = re.findall(r"```xml\n(.*?)```", PAGE, re.DOTALL)


def pretty(event: Event) -> str:
    (message,) = AuditMessages("guard:north").of(event)
    root = ElementTree.fromstring(to_xml(message, "leadapron-guard"))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def test_the_examples_are_what_is_sent() -> None:
    assert [pretty(events.STORE), pretty(events.decision(rule="ct-to-pacs"))] == EXAMPLES


def test_the_table_of_reasons_is_the_codes() -> None:
    codes = read_codes()
    rows = [
        f"| `{reason}` | {entry.meaning} | {codes.types[entry.type].code} {codes.types[entry.type].meaning} |"
        f" {entry.outcome} |"
        for reason, entry in codes.reasons.items()
    ]
    assert [row for row in rows if row not in PAGE] == []


def test_the_table_of_notices_is_the_codes() -> None:
    codes = read_codes()
    rows = [
        f"| `{name}` | {codes.types[entry.type].code} {codes.types[entry.type].meaning} | {entry.outcome} |"
        for name, entry in codes.notices.items()
    ]
    assert [row for row in rows if row not in PAGE] == []


def test_the_times_are_those_of_the_code() -> None:
    assert f"last {delivery.RESEND:.0f} seconds" in PAGE
    assert f"{delivery.PATIENCE:.0f} seconds" in PAGE
