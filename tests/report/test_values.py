"""Values in findings' sentences, and sentences that leave out what was not seen."""

import re
from pathlib import Path

import pytest

import leadapron.guard
import leadapron.see
from leadapron.assess.findings import NOT_SEEN
from leadapron.model import events
from leadapron.model.events.base import kind_tag
from leadapron.report import vocabulary as v
from leadapron.report import words
from leadapron.report.sentences import filled
from leadapron.report.values import spelled

EN, FR = words("en"), words("fr")


@pytest.mark.parametrize(
    ("name", "value", "english", "french"),
    [
        ("clients", "a, b … (+1200)", "a, b and 1,200 more", "a, b et 1\u202f200 autres"),
        ("clients", "READ01, smb/445", "READ01, smb/445", "READ01, smb/445"),
        (
            "answers",
            "AUTH-2 = no, RMOT-1 = optional",
            "AUTH-2 = no, RMOT-1 = optional",
            "AUTH-2 = non, RMOT-1 = en option",
        ),
        ("shown", "dicom/104 (pacs/1), ?", "DICOM 104 (pacs/1), ?", "DICOM 104 (pacs/1), ?"),
        ("service", "telnet, ?", "Telnet, unrecognised", "Telnet, non reconnu"),
        ("tried", "CT01 (smb/445)", "CT01 (SMB, port 445)", "CT01 (SMB, port 445)"),
        ("tried", "12 × port 445", "port 445 of 12 addresses", "port 445 de 12 adresses"),
        ("reached", "CT01 (port 9000)", "CT01 (port 9000)", "CT01 (port 9000)"),
        ("http_apis", "dicomweb, other", "DICOMweb, other pages", "DICOMweb, autres pages"),
        ("security", "none", "no password", "aucun mot de passe"),
        ("odd", "SECR03 (MSH-3 —)", "SECR03", "SECR03"),
        ("done", "A-ASSOCIATE-RJ", "connections that were refused", "connexions refusées"),
        ("anomalies", "dicom.made-up", "dicom.made-up", "dicom.made-up"),
        ("calls", 20, "20", "20"),
        ("sni", NOT_SEEN, NOT_SEEN, NOT_SEEN),
    ],
)
def test_a_value_is_written_as_people_do(name: str, value: str | int, english: str, french: str) -> None:
    assert spelled(name, value, EN) == english
    assert spelled(name, value, FR) == french


def test_a_sentence_leaves_out_what_was_not_seen() -> None:
    sentence = "Seen on {port}[ ({service})]. [Meeting point: {sni}.] From: {clients}."
    seen = {"port": "443", "service": "HTTPS", "sni": "x.example", "clients": "A"}
    assert filled(sentence, "rule", seen) == "Seen on 443 (HTTPS). Meeting point: x.example. From: A."
    unseen = seen | {"service": NOT_SEEN, "sni": NOT_SEEN}
    assert filled(sentence, "rule", unseen) == "Seen on 443. From: A."


def test_a_value_cannot_pose_as_an_optional_part() -> None:
    assert filled("{name} spoke.", "rule", {"name": "[U+202E] {x} [—]"}) == "[U+202E] {x} [—] spoke."


def test_every_kind_of_event_has_a_word() -> None:
    kinds = {tag for tag in map(kind_tag, _names(events.Event)) if tag not in ("fact", "session", "declaration")}
    assert kinds <= set(v.KINDS)


def test_every_anomaly_has_a_word() -> None:
    """Codes are written where they arise; each must be told in words to who reads the report."""
    sources = [Path(room.__file__ or "").parent for room in (leadapron.see, leadapron.guard)]
    families = {code.partition(".")[0] for code in v.ANOMALIES}
    code = re.compile(rf'"((?:{"|".join(families)})\.[a-z0-9-]+)"')
    used = {
        found for source in sources for path in source.rglob("*.py") for found in code.findall(path.read_text("utf-8"))
    }
    assert used == set(v.ANOMALIES)


def _names(kind: type) -> set[str]:
    return {name for below in kind.__subclasses__() for name in (below.__name__, *_names(below))}
