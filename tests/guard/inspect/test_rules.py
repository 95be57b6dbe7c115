"""Content rules: those that are shipped, and those that a department adds."""

from __future__ import annotations

import re

import pytest

from leadapron.guard.inspect import ContentRules
from leadapron.guard.inspect.rules import ScanFailedError, shipped_rules
from leadapron.model.errors import UsageError
from tests.guard.inspect.hostile_objects import EICAR, HOSTILE, noise

OWN = """
rule own_word
{
    meta:
        id = "own-word"
        description = "A word of ours"
    strings:
        $word = "LEADAPRON-OWN-WORD"
    condition:
        $word
}
"""


def test_a_department_adds_its_own_rules() -> None:
    rules = ContentRules.load([("own.yar", OWN)])
    hit = rules.scan(b"..LEADAPRON-OWN-WORD..")
    assert hit is not None
    assert (hit.rule, hit.offset) == ("own-word", 2)
    assert rules.words["own-word"] == {"en": "A word of ours", "fr": "A word of ours"}
    assert rules.scan(EICAR) is not None
    assert rules.scan(b"a sound text") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rule a {\n condition:\n  $b }", "bad.yar:3: unknown pattern `$b`"),
        ("not a rule", "bad.yar:1: syntax error"),
        ('include "/etc/passwd"', "bad.yar:1: include statements not allowed"),
        ("rule eicar { strings: $a = /x{1,\n/ condition: $a }", "bad.yar:1: "),
    ],
)
def test_a_broken_file_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        ContentRules.load([("good.yar", OWN), ("bad.yar", text)])


def test_every_finding_has_words_and_every_rule_a_sample() -> None:
    rules = ContentRules.load([])
    ids = {name for _, text in shipped_rules() for name in re.findall(r'^        id = "(.+)"$', text, re.MULTILINE)}
    assert len(ids) == sum(len(re.findall(r"^rule ", text, re.MULTILINE)) for _, text in shipped_rules())
    structures = {
        "nesting", "elements", "length-beyond", "deflate-bomb", "deflate-broken", "scan-failed", "not-walkable",
            "sop-class",
        "too-large-to-rewrite",
    }  # fmt: skip
    assert set(rules.words) == ids | structures
    for name, said in rules.words.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert said["en"]
        assert said["fr"]
        assert said["en"] != said["fr"]
    assert ids <= {rule for rule, _ in HOSTILE.values()}


def test_chance_matches_nothing() -> None:
    """Compressed pixel data are looked at: 64 MiB of noise stand for them."""
    rules = ContentRules.load([])
    block = noise(16 << 20)
    for shift in range(4):
        assert rules.scan(bytes(value ^ shift * 41 for value in range(256)) + block[shift:], lost=True) is None


@pytest.mark.parametrize(
    "unit", [b"MZ", b"PK\x03\x04\x14\0", b"<svg ", b"${", b"<!ENTITY ", b"%PDF-", b"powershell ", b"#!/"]
)
def test_repeated_beginnings_do_not_slow_it_down(unit: bytes) -> None:
    """The time limit of one block is not met by a block that almost matches everywhere."""
    rules = ContentRules.load([])
    try:
        rules.scan((unit * (1 << 20))[: 1 << 20])
    except ScanFailedError:
        pytest.fail("the block took too long")
