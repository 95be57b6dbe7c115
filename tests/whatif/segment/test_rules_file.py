"""The file people edit: what was written comes back, and what could open more than was meant is refused."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leadapron.model.errors import SourceError
from leadapron.model.events import Service, Transport
from leadapron.model.segmentation import Advice, Allow, Segmentation, Standing
from leadapron.whatif.segment import propose, read_rules, write_rules
from leadapron.whatif.segment.reading import MAX_BYTES
from leadapron.whatif.segment.suspicion import Reason
from tests.whatif.segment.site import ZONES, asks, finding, flow, picture, rule_of, stores


def tidy() -> Segmentation:
    """A proposal with rules of every standing."""
    odd, bad = flow("ws1", "ct1", "vnc", 5900), flow("pc1", "ct1", "smb", 445)
    return propose(picture(stores("ct1"), asks("ct1"), odd, bad), [finding("net-lateral", bad["id"])])


def test_a_person_answers_by_changing_one_word() -> None:
    written = write_rules(tidy(), "en")
    assert "# To be answered. A way in for maintenance" in written
    assert 'sources = ["10.0.3.1"]  # ws1' in written
    answered = read_rules(written.replace('standing = "ask"', 'standing = "refuse"').encode(), "rules.toml")
    assert rule_of(answered, "ws1>ct1:5900").standing is Standing.REFUSE


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_was_written_comes_back(language: str) -> None:
    made = tidy()
    assert made.advice
    assert read_rules(write_rules(made, language).encode(), "rules.toml") == replace(made, advice=())


def test_names_from_the_network_cannot_end_a_comment() -> None:
    made = tidy()
    nasty = 'x"\n[[rule]]\nid = "open"\u2028\x7f'
    rules = tuple(replace(rule, params={"clients": nasty, "servers": nasty}) for rule in made.rules)
    advice = (Advice(message="segment.alone", params={"zone": nasty}),)
    again = read_rules(write_rules(replace(made, rules=rules, advice=advice), "en").encode(), "rules.toml")
    assert again.rules == rules


HEAD = """
format = 1
[[zone]]
name = "scanners"
networks = ["10.0.1.0/24"]
[[zone]]
name = "servers"
networks = ["10.0.2.0/24"]
"""
RULE = {
    "id": '"r"', "standing": '"keep"', "from": '"scanners"', "to": '"servers"', "sources": '"all"',
    "targets": '["10.0.2.1"]', "transport": '"tcp"', "ports": "[104]", "service": '"dicom"',
}  # fmt: skip


def file_of(*rules: dict[str, str], head: str = HEAD) -> bytes:
    """Rules as a person writes them: `RULE` with some lines changed, or left out when empty."""
    text = head
    for rule in rules:
        lines = {**RULE, **rule}
        text += "\n[[rule]]\n" + "\n".join(f"{key} = {value}" for key, value in lines.items() if value) + "\n"
    return text.encode()


def test_nine_lines_are_a_rule() -> None:
    (rule,) = read_rules(file_of({}), "rules.toml").rules
    assert rule == Allow(
        id="r", source_zone="scanners", target_zone="servers", targets=("10.0.2.1",), transport=Transport.TCP,
        ports=(104,), service=Service.DICOM,
    )  # fmt: skip


def test_lists_are_put_in_order() -> None:
    lists = {"sources": '["10.0.1.20", "10.0.1.3", "10.0.1.3"]', "ports": "[445, 104]"}
    (rule,) = read_rules(file_of(lists), "rules.toml").rules
    assert (rule.sources, rule.ports) == (("10.0.1.3", "10.0.1.20"), (104, 445))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"from": '"scaners"'}, "there is no zone 'scaners'"),
        ({"to": '"scanners"', "targets": '"all"'}, "from and to are one zone"),
        ({"sources": '["10.0.2.9"]'}, r"sources: 10.0.2.9 is in zone 'servers', not in 'scanners'"),
        ({"targets": '["10.9.9.9"]'}, r"targets: 10.9.9.9 is in no zone"),
        ({"targets": '["10.0.2.0/28"]'}, "is not an IP address"),
        ({"targets": "[]"}, 'the list is empty: write addresses, or "all"'),
        ({"targets": '"ALL"'}, "targets"),
        ({"ports": "[]"}, 'the list is empty: write ports, or "all"'),
        ({"ports": "[70000]"}, "70000 is not a port"),
        ({"ports": "[0]"}, "0 is not a port"),
        ({"ports": '["dicom"]'}, "ports"),
        ({"ports": ""}, "missing required field `ports`"),
        ({"sources": ""}, "missing required field `sources`"),
        ({"transport": '"icmp"'}, "transport"),
        ({"service": '"dicomm"'}, "service"),
        ({"standing": '"allow"'}, "standing"),
        ({"reason": '"because"'}, "reason 'because' is not known: leave the line out"),
        ({"reason": '"segment.alone"'}, "reason 'segment.alone' is not known: leave the line out"),
        ({"id": '""'}, "empty id"),
        ({"id": "7"}, "id"),
        ({"comment": '"why"'}, "comment"),
        ({"first_seen": "2026-01-05T09:00:00"}, "first_seen"),
        ({"first_seen": "2026-01-05"}, "first_seen"),
    ],
)
def test_a_wrong_line_is_named_with_its_rule(change: dict[str, str], said: str) -> None:
    with pytest.raises(SourceError, match=said) as refused:
        read_rules(file_of({"id": '"good"'}, change), "rules.toml")
    assert str(refused.value).startswith("rules.toml: ")
    if "id" not in change:
        assert "rule 'r'" in str(refused.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"format = ", "cannot be read as TOML"),
        (b"\xff\xfe", "cannot be read as TOML"),
        (b"format = " + b"1" * 5000, "cannot be read as TOML"),
        (b"", "missing required field"),
        (b"format = 1\nzone = []\nextra = 1", "extra"),
        (HEAD.replace("format = 1", "format = 2").encode(), "format 2, this program reads 1"),
        (HEAD.replace("10.0.2.0/24", "10.0.1.0/24").encode(), "is in zone 'scanners' too"),
        (HEAD.replace("10.0.2.0/24", "10.0.2.1/24").encode(), "write 10.0.2.0/24"),
        (b"format = 1\nzone = " + b"[" * 5000, "rules.toml: "),
        (file_of({}, {}), "two rules have this id"),
        (b"x" * (MAX_BYTES + 1), "at most"),
    ],
)
def test_a_wrong_file_is_named(data: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read_rules(data, "rules.toml")


NO = {"id": '"no"', "standing": '"refuse"'}


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        ({}, NO),
        ({"sources": '["10.0.1.1", "10.0.1.2"]'}, NO | {"sources": '["10.0.1.2"]'}),
        ({"sources": '["10.0.1.1"]'}, NO),
        ({"standing": '"ask"', "ports": "[104, 105]"}, NO | {"ports": "[105]"}),
    ],
)
def test_the_same_traffic_is_not_allowed_and_refused(allowed: dict[str, str], refused: dict[str, str]) -> None:
    with pytest.raises(SourceError, match="rule 'r' allows what rule 'no' refuses"):
        read_rules(file_of(refused, allowed), "rules.toml")


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        ({}, NO | {"sources": '["10.0.1.2"]'}),
        ({"ports": '"all"'}, NO | {"ports": "[445]"}),
        ({}, NO | {"ports": "[105]"}),
        ({}, NO | {"transport": '"udp"'}),
        ({}, NO | {"targets": '["10.0.2.2"]'}),
    ],
)
def test_one_device_or_port_may_be_taken_out(allowed: dict[str, str], refused: dict[str, str]) -> None:
    assert len(read_rules(file_of(refused, allowed), "rules.toml").rules) == 2


HOMES = {"scanners": "10.0.1", "servers": "10.0.2", "vault": "10.0.2"}
TIMES = st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds + 0.25, UTC))


@st.composite
def rules(draw: st.DrawFn) -> tuple[Allow, ...]:
    """Rules between the three zones, none refused beside others allowed."""
    standings = draw(st.sampled_from([(Standing.KEEP, Standing.ASK), (Standing.REFUSE,)]))
    made = []
    for number in range(draw(st.integers(0, 6))):
        source, target = draw(st.permutations(sorted(HOMES)))[:2]
        made.append(
            Allow(
                id=f"{number} {draw(st.text(max_size=8))}",
                source_zone=source,
                target_zone=target,
                sources=addresses(draw, source),
                targets=addresses(draw, target),
                transport=draw(st.sampled_from(Transport)),
                ports=tuple(sorted(draw(st.sets(st.integers(1, 65_535), max_size=3)))),
                service=draw(st.sampled_from(Service)),
                standing=draw(st.sampled_from(standings)),
                reason=draw(st.sampled_from(["", *Reason])),
                params=draw(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=2)),
                flows=tuple(draw(st.lists(st.text(max_size=9), max_size=20))),
                connections=draw(st.integers(0, 10**9)),
                first_seen=draw(st.none() | TIMES),
                last_seen=draw(st.none() | TIMES),
            )
        )
    return tuple(made)


def addresses(draw: st.DrawFn, zone: str) -> tuple[str, ...]:
    """Of hosts in the zone's part of its network, in order."""
    hosts = draw(st.sets(st.integers(129, 254) if zone == "vault" else st.integers(1, 127), max_size=4))
    return tuple(f"{HOMES[zone]}.{host}" for host in sorted(hosts))


@given(rules(), st.sampled_from(["en", "fr"]))
def test_any_rules_come_back(drawn: tuple[Allow, ...], language: str) -> None:
    made = Segmentation(zones=ZONES, rules=drawn)
    written = write_rules(made, language)
    assert read_rules(written.encode(), "rules.toml") == made
    assert tomllib.loads(written)["format"] == 1


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: file_of({}, head=HEAD + text)))
def test_any_bytes_are_rules_or_an_error_of_ours(data: bytes) -> None:
    try:
        made = read_rules(data, "rules.toml")
    except SourceError as error:
        said = str(error)
    else:
        said = "rules.toml: " if isinstance(made, Segmentation) else ""
    assert said.startswith("rules.toml: ")
