"""A policy file: what it means, and what it is told when it is wrong."""

from __future__ import annotations

import re
import time
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.guard.policy import Checked, PolicyError, check_policy, policy_words, read_policy, write_policy
from leadapron.guard.policy.keys import TABLES
from leadapron.guard.policy.reading import MOST_BYTES, MOST_RULES
from leadapron.guard.policy.services import storage_classes
from leadapron.model.errors import UsageError
from leadapron.model.guard import Action, Hours, Query, Rate, Reason, Task
from tests.guard.policy import policies as made
from tests.guard.policy.policies import CT, bare

EXAMPLE = files("leadapron").joinpath("content", "guard", "example.toml").read_bytes()
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "guard-policy.md"

LISTENER = """[[listener]]
name = "archive"
speaks = "dicom"
listen = "127.0.0.1:11112"
upstream = "127.0.0.1:104"
fail = "closed"
"""
RULE = """[[rule]]
name = "CT"
from = "10.1.2.3"
allow = "store"
"""


def checked(text: str) -> Checked:
    return check_policy(text.encode(), "policy.toml")


def problems(text: str) -> list[tuple[int, str]]:
    return [(each.line, each.message.removeprefix("problem.")) for each in checked(text).problems]


def test_a_policy_is_read() -> None:
    policy = read_policy(
        (
            LISTENER
            + """
[[rule]]
name = "CT 1"
listeners = ["archive"]
from = ["10.1.2.3", "10.2.0.0/16"]
calling = "CT1"
allow = ["echo", "store", "find"]
sop_classes = ["ct image storage", "Verification", "1.2.3"]
hours = ["fri-mon 22:00-06:00", "08:00-18:00"]
wide_queries = true
results = 500
object_size = "1.5 GB"
rates = ["60 associations/minute", "1 object / second", "2 GB/10 minutes"]
"""
        ).encode(),
        "policy.toml",
    )
    rule = policy.rules[0]
    assert (rule.name, rule.line, rule.action) == ("CT 1", 8, Action.ALLOW)
    assert rule.sources == ("10.1.2.3", "10.2.0.0/16")
    assert rule.tasks == {Task.ECHO, Task.STORE, Task.FIND}
    assert rule.sop_classes == ("1.2.3", "1.2.840.10008.1.1", CT)
    assert rule.hours == (
        Hours(days=frozenset({4, 5, 6, 0}), start=22 * 60, end=6 * 60),
        Hours(days=frozenset(range(7)), start=8 * 60, end=18 * 60),
    )
    assert rule.query == Query(wide=True, results=500)
    assert rule.object_size == 1_500_000_000
    assert rule.rates == (
        Rate(what="associations", amount=60, seconds=60),
        Rate(what="objects", amount=1, seconds=1),
        Rate(what="bytes", amount=2_000_000_000, seconds=600),
    )
    assert re.fullmatch(r"[0-9a-f]{16}", policy.digest)


def test_the_example_is_sound() -> None:
    result = check_policy(EXAMPLE, "example.toml", "/etc/leadapron")
    assert result.problems == ()
    assert [each.message for each in result.warnings] == ["warning.shadow"]
    assert result.policy is not None
    assert result.policy.workspace == "/etc/leadapron/workspace"
    tls = result.policy.listeners[1].tls
    assert tls is not None
    assert tls.certificate == "/etc/leadapron/certificates/guard.pem"
    assert result.policy.listeners[2].tokens["keys"].startswith("https://")


def test_all_problems_at_once_each_with_its_line() -> None:
    text = (
        LISTENER.replace('fail = "closed"\n', "").replace("speaks", "speeks")
        + """
[[rule]]
name = "a"
from = "10.1.2.3/24"
alow = "store"

[[rule]]
name = "b"
from = 17
allow = ["stor"]
rates = [
    "60 associations/minute",
    "fast",
]
"""
    )
    with pytest.raises(UsageError) as raised:
        read_policy(text.encode(), "policy.toml")
    error = raised.value
    assert isinstance(error, PolicyError)
    assert str(error).splitlines() == [
        "policy.toml:1: `speaks` is missing; add it",
        'policy.toml:1: `fail` is missing; say fail = "closed" (what the guard cannot inspect is refused) or "open" '
        "(it passes): nobody else can choose that for you",
        "policy.toml:3: `speeks` is not a key that belongs here; did you mean “speaks”?",
        'policy.toml:7: a rule has exactly one of allow, deny, hold and tarpit; write one, with its tasks or "any"',
        "policy.toml:9: `from`: “10.1.2.3/24” is an address inside a network; write 10.1.2.0/24 for the network, or "
        "the address alone",
        "policy.toml:10: `alow` is not a key that belongs here; did you mean “allow”?",
        "policy.toml:14: `from` must be text in quotes",
        "policy.toml:15: `allow`: “stor” is not a task; write some of: echo, store, find, worklist, move, get, mpps, "
        'commit, print, normalised, delete, message, or "any" alone; did you mean “store”?',
        "policy.toml:16: `rates`: “fast” is not a rate; write “60 associations/minute”, “5000 objects/hour”, "
        "“20 GB/day”, “30 queries/minute” or “100 messages/minute”, 31 days at most",
    ]
    assert "manque" in error.said("fr")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", (1, "no-listener")),
        ("a = [", (1, "not-toml")),
        ("\n\nx =", (3, "not-toml")),
        ("[rule]\nname = 'x'", (1, "not-many")),
        (f"{'x=' + '[' * 2000}", (1, "nested")),
        (LISTENER + 'metrics = "localhost:1"', (7, "unknown-key")),
        ('[guard]\nmetrics = "localhost:1"\n' + LISTENER, (2, "not-listening")),
        (LISTENER.replace("127.0.0.1:104", "http://pacs"), (5, "upstream-no-url")),
        (LISTENER.replace('"dicom"', '"dicomweb"'), (5, "upstream-url")),
        (LISTENER.replace("127.0.0.1:104", "pacs:0"), (5, "not-address")),
        (LISTENER.replace("127.0.0.1:104", "http://me:secret@pacs"), (5, "secret-in-url")),
        (LISTENER + '[listener.tls]\ncertificate = "x"', (7, "half-tls")),
        (LISTENER + '[listener.tokens]\nissuer = "x"\naudience = "y"\nkeys = "z"', (7, "web-only")),
        (LISTENER + "[listener.limits]\nidle = 0", (8, "not-seconds")),
        (LISTENER + "limits = 3", (7, "not-table")),
        (LISTENER + "ledger = 1", (7, "not-yes")),
        (LISTENER + LISTENER.replace("11112", "11113"), (8, "twice")),
        (LISTENER + LISTENER.replace("archive", "other"), (10, "twice")),
        (LISTENER + RULE + RULE.replace("10.1.2.3", "10.1.2.4"), (12, "twice")),
        (LISTENER + RULE + 'listeners = "archiv"', (11, "unknown-listener")),
        (LISTENER + RULE + "from2 = 1", (11, "unknown-key")),
        (LISTENER + RULE + 'deny = "any"', (7, "one-action")),
        (LISTENER + RULE.replace('"10.1.2.3"', "[]"), (9, "empty-list")),
        (LISTENER + RULE.replace('"10.1.2.3"', '["any", "10.1.2.3"]'), (9, "any-and-more")),
        (LISTENER + RULE.replace("10.1.2.3", "::ffff:10.1.2.3"), (9, "mapped")),
        (LISTENER + RULE.replace("10.1.2.3", "pacs.example"), (9, "not-network")),
        (LISTENER + RULE.replace('from = "10.1.2.3"\n', ""), (8, "anyone")),
        (LISTENER + RULE + 'calling = "a\u202eb"', (11, "unprintable")),
        (LISTENER + RULE + 'calling = ""', (11, "empty")),
        (LISTENER + RULE + 'calling = "' + "x" * 600 + '"', (11, "too-long")),
        (LISTENER + RULE + 'certificate = "CN=x"', (11, "no-client-tls")),
        (LISTENER + RULE + 'certificate = "sha256:12"', (11, "not-fingerprint")),
        (LISTENER + RULE + 'sop_classes = "CT Imge Storage"', (11, "not-uid")),
        (LISTENER + RULE + 'sop_classes = "Verification"', (11, "no-storage-class")),
        (LISTENER + RULE + 'transfer_syntaxes = "CT Image Storage"', (11, "not-uid")),
        (LISTENER + RULE + "results = 5", (11, "without-task")),
        (LISTENER + RULE + 'destinations = "A"', (11, "without-task")),
        (LISTENER + RULE + 'keep_private = "A"', (11, "keep-without-strip")),
        (LISTENER + RULE + 'on_hit = "allow"', (11, "not-choice")),
        (LISTENER + RULE + 'object_size = "2 apples"', (11, "not-size")),
        (LISTENER + RULE + 'object_size = "0 MB"', (11, "not-size")),
        (LISTENER + RULE + "object_size = -1", (11, "not-size")),
        (LISTENER + RULE + 'hours = "mon 25:00-26:00"', (11, "not-hours")),
        (LISTENER + RULE + 'hours = "lun 08:00-09:00"', (11, "not-day")),
        (LISTENER + RULE + 'rates = "5 GB/fortnight"', (11, "not-rate")),
        (LISTENER + RULE + 'rates = "5 GB/400 days"', (11, "not-rate")),
        (LISTENER + RULE.replace("allow", "hold") + 'name2 = "x"', (11, "unknown-key")),
        (LISTENER + RULE.replace('allow = "store"', 'hold = "any"'), (10, "hold-store-only")),
        (LISTENER + RULE.replace("allow", "deny") + "identity = true", (11, "bound-without-allow")),
        (LISTENER + 'rule = [{name = "x"}]', (7, "unknown-key")),
        ('rule = [{name = "x", deny = "any", frm = "y"}]\n' + LISTENER, (1, "unknown-key")),
    ],
)
def test_what_is_wrong(text: str, problem: tuple[int, str]) -> None:
    assert problem in problems(text)


@pytest.mark.parametrize("data", [b"\xff", b"#\n#\xff", b" " * (MOST_BYTES + 1)])
def test_no_text(data: bytes) -> None:
    (problem,) = check_policy(data, "x").problems
    assert problem.line == data.count(b"\n") + 1
    assert problem.said()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ('from = "10.0.0.0/8"\nallow = "any"', 'from = ["10.1.0.0/16", "10.2.3.4"]\nallow = "store"'),
        ('from = "any"\ndeny = ["store", "get"]', 'from = "fd00::1"\nhold = "store"'),
        ('calling = "CT*"\nallow = "any"', 'calling = ["CT1", "CT?*"]\nallow = "any"'),
        ('from = ["10.0.0.0/9", "10.128.0.0/9", "11.0.0.0/8"]\nallow = "any"', 'from = "10.0.0.0/8"\nallow = "any"'),
        (
            'from = "10.0.0.1"\nallow = ["store", "find"]\nsop_classes = ["CT Image Storage", "MR Image Storage"]',
            'from = "10.0.0.1"\nallow = ["store"]\nsop_classes = "CT Image Storage"',
        ),
    ],
)
def test_a_rule_that_never_decides_is_named(earlier: str, later: str) -> None:
    first, second = f'[[rule]]\nname = "first"\n{earlier}\n', f'[[rule]]\nname = "second"\n{later}\n'
    (problem,) = checked(LISTENER + first + second).problems
    assert problem.message == "problem.unreachable"
    assert "“first” (line 7)" in problem.said()
    assert checked(LISTENER + second + first).problems == ()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ('from = "10.0.0.0/8"\nallow = "store"', 'from = "10.1.0.0/16"\nallow = "any"'),
        ('from = "10.0.0.0/8"\ncalling = "CT?"\nallow = "any"', 'from = "10.0.0.0/8"\ncalling = "CT*"\nallow = "any"'),
        ('from = "10.0.0.0/8"\nhours = "08:00-09:00"\nallow = "any"', 'from = "10.0.0.0/8"\nallow = "any"'),
        (
            'from = "10.0.0.1"\nallow = ["store", "find"]\n'
            'sop_classes = ["CT Image Storage", "Patient Root Query/Retrieve Information Model - FIND"]',
            'from = "10.0.0.1"\nallow = ["store", "find"]\nsop_classes = "CT Image Storage"',
        ),
    ],
)
def test_a_rule_that_may_decide_is_not_blamed(earlier: str, later: str) -> None:
    first, second = f'[[rule]]\nname = "first"\n{earlier}\n', f'[[rule]]\nname = "second"\n{later}\n'
    assert checked(LISTENER + first + second).problems == ()


def test_second_thoughts() -> None:
    text = (
        '[audit]\nsyslog = "collector:514"\n'
        + LISTENER
        + LISTENER.replace("archive", "idle").replace("11112", "11113")
        + """[[rule]]
name = "wide"
listeners = "archive"
from = "any"
called = "*"
allow = "find"
wide_queries = true
"""
    )
    result = checked(text)
    assert result.policy is not None
    assert [(each.line, each.message) for each in result.warnings] == [
        (19, "warning.called-wildcard"),
        (21, "warning.no-result-limit"),
        (10, "warning.no-rule"),
        (2, "warning.plain-audit"),
    ]


def test_storage_is_all_of_storage() -> None:
    policy = read_policy((LISTENER + RULE + 'sop_classes = "storage"').encode(), "x")
    assert policy.rules[0].sop_classes == storage_classes()
    assert CT in storage_classes()
    assert len(storage_classes()) > 150


def test_many_rules_are_read_in_reasonable_time() -> None:
    rules = "".join(
        f'[[rule]]\nname = "{n}"\nfrom = "10.{n // 256}.{n % 256}.1"\ncalling = "CT"\nallow = "store"\n'
        for n in range(MOST_RULES)
    )
    start = time.perf_counter()
    assert checked(LISTENER + rules).problems == ()
    assert time.perf_counter() - start < 20
    assert problems(LISTENER + rules + RULE) == [(7 + 5 * MOST_RULES, "too-many-tables")]


# ---------------------------------------------------------------- back and forth
@given(made.policies, st.sampled_from(["en", "fr"]))
def test_what_is_written_is_read_again(policy: made.Policy, language: str) -> None:
    text = write_policy(policy, language)
    result = check_policy(text.encode(), "written")
    values = [each for each in result.problems if each.message not in _CONTRADICTIONS]
    assert values == [], [each.said() for each in values]
    if result.policy is not None:
        assert bare(result.policy) == bare(policy)


_CONTRADICTIONS = {
    f"problem.{each}"
    for each in ("unreachable", "hold-store-only", "without-task", "keep-without-strip", "no-storage-class", "anyone")
} | {"problem.no-client-tls"}
"""Chance makes rules that mean nothing."""


def test_remarks_stand_above_their_rule_and_end_with_their_line() -> None:
    policy = read_policy((LISTENER + RULE).encode(), "x")
    remarks = ["seen once\n[[rule]]", "bad\u2028line", "vu\u00a0: encore utilisé\u202f?"]
    text = write_policy(policy, "fr", {"CT": remarks})
    assert "# seen once\n# [[rule]]\n# bad\ufffdline\n# vu\u00a0: encore utilisé\u202f?\n[[rule]]\nname" in text
    assert "premi" in text
    assert bare(read_policy(text.encode(), "x")) == bare(policy)


# ---------------------------------------------------------------- words and pages
def test_every_reason_action_and_message_has_words() -> None:
    words = policy_words()["en"]
    assert {f"reason.{reason}" for reason in Reason} | {f"action.{action}" for action in Action} <= words.keys()
    folder = Path(__file__).parents[3] / "src" / "leadapron" / "guard" / "policy"
    source = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    said = set(re.findall(r'"((?:problem|warning|explain|decided|write)\.[a-z0-9_-]+)"', source))
    assert said <= words.keys()
    assert {each for each in words if each.startswith(("problem.", "warning.", "write."))} - said == {
        "problem.missing-fail"
    }


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_in_the_reference(table: str) -> None:
    page = PAGE.read_text("utf-8")
    heading = {"guard": "`[guard]`", "audit": "`[audit]`", "listener": "`[[listener]]`", "rule": "`[[rule]]`"}
    name = heading.get(table, f"`[{table}]`")
    section = page.split(f"## {name}\n", 1)[1].split("\n## ", 1)[0]
    listed = {
        key
        for line in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", section, re.MULTILINE)
        for key in re.findall(r"\w+", line)
    }
    assert listed == TABLES[table].keys()
