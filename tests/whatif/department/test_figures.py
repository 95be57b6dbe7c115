"""The content behind the model: complete, within bounds, and about rules that exist."""

from __future__ import annotations

import re

from leadapron.model.department import Basis, DeviceClass, Way
from leadapron.rules import load_rules
from leadapron.whatif.department.figures import hints, throughput, weaknesses
from leadapron.whatif.messages import load_messages


def test_figures_name_their_source_or_are_assumed() -> None:
    figures = throughput()
    assert figures.modality["CT"].per_hour == 2.34
    for rate in figures.modality.values():
        assert rate.per_hour > 0
        assert bool(rate.source) is (rate.basis is Basis.SOURCED)
    assert len(figures.week.hours) == 168
    assert set(figures.urgent) == set(figures.modality)


def test_every_rule_that_lets_an_attack_spread_is_weighed_or_left_out_on_purpose() -> None:
    """What is left out describes paths, papers or habits: zones, strangers and lists, not a device's own weakness."""
    weighed = {one.rule for one in weaknesses().weakness}
    known = {rule.name: {harm.value for harm in rule.harm} for rule in load_rules()}
    assert weighed <= known.keys()
    left_out = {name for name, harm in known.items() if "spread" in harm} - weighed
    assert left_out == {
        "asset-unlisted", "asset-unseen", "boot-media", "declared-os", "net-beacon", "net-flat", "net-internet",
        "net-lateral", "net-unknown", "no-cvd", "no-mds2", "no-owner", "no-sbom", "os-no-date",
    }  # fmt: skip


def test_findings_weigh_more_than_what_is_taken_for_granted() -> None:
    for kind in DeviceClass:
        base = weaknesses().base[kind]
        assert all(value <= 0.3 for way, value in base.items() if way is not Way.CREDENTIALS)


def test_hints_are_single_lower_case_words_of_one_class() -> None:
    words = [word for group in hints().names.values() for word in group]
    assert len(words) == len(set(words))
    assert all(re.fullmatch(r"[a-zé]+", word) for word in words)


def test_french_typography() -> None:
    """No plain space before double punctuation and inside guillemets, no typewriter apostrophe."""
    said = {key: text for key, text in load_messages()["fr"].items() if key.startswith("department.")}
    assert said
    wrong = [text for text in said.values() if re.search(r" [;:!?»]|« |\w'\w|\.\.\.", text)]
    assert not wrong
