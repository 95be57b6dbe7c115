"""Every packaged rule behaves on its samples, speaks both languages, and promises no parameter it does not fill."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from leadapron.assess import PREDICATES, assess, rank_words
from leadapron.assess.findings import NOT_SEEN
from leadapron.model.content import LANGUAGES
from leadapron.model.findings import Finding
from leadapron.rules import Rule, load_controls, load_rules
from leadapron.rules.lint import placeholders, used_params
from leadapron.rules.samples import picture_of

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RULES = load_rules()
BY_NAME = {rule.name: rule for rule in RULES}

EXPECTED = (
    "dcm-clear", "dcm-tls-weak", "dcm-default-aet", "dcm-aet-clone", "dcm-move-open", "dcm-no-user",
    "dcm-rogue", "dcm-ts-risk", "dcm-malformed", "dcm-find-open", "web-http", "web-noauth", "cred-clear",
    "hl7-clear", "hl7-any-source", "smb1", "smb-unsigned", "rdp-open", "telnet-ftp", "vnc-remote",
    "snmp-public", "os-eol", "net-flat", "net-unknown", "net-internet", "net-beacon", "net-lateral",
    "net-arp", "db-open", "share-open", "log-none", "time-drift", "single-dep",
    "known-cve", "dcm-impl-old", "web-old", "sbom-cve", "cve-review",
    "declared-clear", "declared-auth", "declared-os", "declared-ports",
    "ae-unregistered", "ae-dead", "ae-duplicate", "ae-moved",
    "asset-unlisted", "asset-unseen", "no-owner", "os-no-date", "no-mds2", "no-sbom", "support-ended",
    "no-malware-control", "admin-session", "boot-media", "unsigned-update", "cred-default", "cred-shared", "no-mfa",
    "no-breakglass", "bkp-device", "cfg-no-backup", "log-local", "vnd-permanent", "vnd-patient-data", "file-phi",
    "disposal", "no-cvd", "patch-late",
)  # fmt: skip


def judged(rule: Rule, kind: str) -> list[tuple[int, tuple[Finding, ...]]]:
    samples = getattr(rule.samples, kind)
    return [(index, assess(picture_of(sample), [rule], now=NOW)) for index, sample in enumerate(samples)]


def test_the_promised_rules_are_there() -> None:
    assert sorted(BY_NAME) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_samples_behave(name: str) -> None:
    for index, findings in judged(BY_NAME[name], "fires"):
        assert len(findings) == 1, f"fires[{index}]"
    for index, findings in judged(BY_NAME[name], "silent"):
        assert not findings, f"silent[{index}]"


@pytest.mark.parametrize("name", EXPECTED)
def test_sentences_can_be_filled(name: str) -> None:
    rule = BY_NAME[name]
    filled = dict.fromkeys(used_params(rule), False)
    for _, findings in judged(rule, "fires"):
        (finding,) = findings
        assert set(finding.params) == used_params(rule)
        for param, value in finding.params.items():
            filled[param] |= value != NOT_SEEN
        for language in LANGUAGES:
            for _, sentence in rule.texts[language].items():
                assert "{" not in sentence.format_map(finding.params)
    # What only some captures show (certificates before TLS 1.3, addresses in samples) may be missing here.
    assert [param for param, ever in filled.items() if not ever] in ([], ["addresses"], ["certificate_not_after"])


@pytest.mark.parametrize("name", EXPECTED)
def test_both_languages_say_the_same_facts(name: str) -> None:
    texts = BY_NAME[name].texts
    for (part, english), (_, french) in zip(texts["en"].items(), texts["fr"].items(), strict=True):
        assert placeholders(english) == placeholders(french), part
        assert english != french, part


@pytest.mark.parametrize("name", EXPECTED)
def test_each_rule_names_controls_and_predicates_that_exist(name: str) -> None:
    rule = BY_NAME[name]
    assert {"hicp", "csf", "nis2", "pgssi"} <= set(rule.controls)
    assert not rule.predicate or rule.predicate in PREDICATES
    assert set(rule.params) <= used_params(rule)
    assert rule.false_positives


def test_no_predicate_is_idle() -> None:
    assert {rule.predicate for rule in RULES} - {""} == set(PREDICATES)


def french() -> list[tuple[str, str]]:
    found = [(f"{r.name}.{part}", text) for r in RULES for part, text in r.texts["fr"].items()]
    found += list(rank_words()["fr"].items())
    found += [
        (f"{framework.id} {control.id}", control.titles["fr"])
        for framework in load_controls().values()
        for control in framework.controls
    ]
    return found


def test_french_typography() -> None:
    """A no-break space before double punctuation and inside guillemets, typographic apostrophes and ellipses."""
    wrong = re.compile(r"(?<![\u00a0])[:»](?=\s|$)|(?<!\u202f)[;!?](?=\s|$)|«(?!\u00a0)|'|\.\.\.")
    assert [(place, text) for place, text in french() if wrong.search(text)] == []


def test_english_typography() -> None:
    assert [r.name for r in RULES for _, text in r.texts["en"].items() if "'" in text or "..." in text] == []


def test_texts_are_not_the_programmers() -> None:
    """No jargon of ours in sentences meant for a radiology department."""
    jargon = re.compile(r"\b(regex|predicate|payload|SCU|SCP|null|JSON|boolean)\b")
    assert [r.name for r in RULES for t in r.texts.values() for _, s in t.items() if jargon.search(s)] == []
