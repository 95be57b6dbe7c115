"""A rule file is loaded whole or refused with the place of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadapron.model.errors import ContentError
from leadapron.model.findings import Severity
from leadapron.rules import Category, load_controls, load_rules

RULE = """\
title: A plain title
id: 2f0e7f4e-8a8e-4b0e-9b7f-0f6f5b0d9c11
name: sample-rule
status: experimental
level: medium
description: Something is served without protection.
logsource: {product: leadapron, category: flow}
detection:
  served:
    service: http
    answered|gte: 1
  condition: served
tags: [attack.t1040]
harm: [confidentiality]
confidence: seen
group_by: server
effort_hours: 2
ease: easy
controls: {csf: [PR.DS-02]}
samples:
  fires:
    - flows: [{service: http, port: 80}]
  silent:
    - flows: [{service: https, port: 443}]
texts:
  en: {title: A plain title, seen: "{subject}", why: b, remedy: c, side_effects: d, effort: e}
  fr: {title: Un titre, seen: "{subject}", why: b, remedy: c, side_effects: d, effort: e}
"""


def load(folder: Path, text: str, name: str = "sample-rule.yml") -> None:
    (folder / name).write_text(text, "utf-8")
    load_rules(folder)


def test_a_rule_is_read(tmp_path: Path) -> None:
    (tmp_path / "sample-rule.yml").write_text(RULE, "utf-8")
    (rule,) = load_rules(tmp_path)
    assert (rule.name, rule.level, rule.category) == ("sample-rule", Severity.MEDIUM, Category.FLOW)
    assert rule.texts["fr"].title == "Un titre"
    assert rule.evidence == ("first",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("harm: [confidentiality]", "harm: [money]", r"sample-rule.yml:14: harm\[0\]: Invalid enum value 'money'"),
        ("ease: easy", "ease: easy\nprice: 3", "sample-rule.yml:19: price: no such key"),
        ("ease: easy", "ease: easy\nease: hard", r"sample-rule.yml:19: ease is given twice \(first in line 18\)"),
        ("effort_hours: 2\n", "", "missing required field `effort_hours`"),
        (
            "    service: http\n",
            "    servise: http\n",
            "sample-rule.yml:8: detection: flow rows have no field 'servise'",
        ),
        ("condition: served", "condition: nothing", "sample-rule.yml:12: detection.condition"),
        ("category: flow", "category: dns", "sample-rule.yml:7: logsource"),
        ("csf: [PR.DS-02]", "csf: [PR.ZZ-99]", "sample-rule.yml:19: controls.csf: 'PR.ZZ-99' is not in"),
        ("csf: [PR.DS-02]", "iso: [A.5]", "no such framework"),
        ("attack.t1040", "attack.40", "tags: 'attack.40'"),
        ('fr: {title: Un titre, seen: "{subject}"', 'fr: {title: Un titre, seen: " "', "texts.fr.seen: empty"),
        ('fr: {title: Un titre, seen: "{subject}"', 'fr: {title: Un titre, seen: "{sbject}"', "unknown place {sbject}"),
        (
            'fr: {title: Un titre, seen: "{subject}"',
            'fr: {title: Un titre, seen: "{subject"',
            "texts.fr.seen: expected",
        ),
        ("  fr: ", "  de: ", "texts: no fr"),
        ("en: {title: A plain title", "en: {title: Another", "texts.en.title: differs"),
        ("[{service: http, port: 80}]", "[{service: smb, port: 80}]", r"samples.fires\[0\]: the rule does not fire"),
        ("[{service: https, port: 443}]", "[{service: http, port: 1}]", r"yml:24: samples.silent\[0\]: the rule fires"),
        ("[{service: https, port: 443}]", "[{service: nope, port: 1}]", r"samples.silent\[0\]: Invalid enum value"),
        ("group_by: server", "group_by: zone", "group_by: zone does not suit"),
        ("name: sample-rule", "name: other", "differs from the file's name"),
        ("ease: easy", "ease: easy\nevidence: [hearsay]", "yml:19: evidence: no facet is called 'hearsay'"),
        ("level: medium", "level: awful", "level"),
        ("level: medium\n", "", "are required"),
        ("title: A plain title\n", "title: [\n", "not readable as YAML"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in RULE
    with pytest.raises(ContentError, match=said):
        load(tmp_path, RULE.replace(old, new, 1))


def test_a_name_or_id_is_used_once(tmp_path: Path) -> None:
    load(tmp_path, RULE)
    with pytest.raises(ContentError, match="already used by sample-rule"):
        load(tmp_path, RULE.replace("name: sample-rule", "name: twin-rule"), "twin-rule.yml")


def test_text_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="a mapping of Sigma keys expected"):
        load(tmp_path, "just words")


def test_a_control_without_a_title_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(
        'id = "x"\nname = "X"\nsource = "s"\nedition = "1"\nmapping = "ours"\nnote = {en = "n", fr = "n"}\n'
        '[[controls]]\nid = "1"\ntitles = {en = "One"}\n',
        "utf-8",
    )
    with pytest.raises(ContentError, match=r"x\.toml: control 1 has no title in fr"):
        load_controls(tmp_path)
