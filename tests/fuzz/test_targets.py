"""A short run of the built-in fuzzer, and the promises of the driver itself."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from leadapron.see.wire.dissector import Side
from leadapron.see.wire.protocols import DATAGRAM_PROTOCOLS, STREAM_PROTOCOLS
from tests.fuzz import targets
from tests.fuzz.inputs import chunks, pack_script, script
from tests.fuzz.mutation import MAX_INPUT, check, fuzz, mutated
from tests.fuzz.seeds import corpus
from tests.fuzz.targets import READERS, TARGETS, Target

SECONDS = 2.0
"""Over all targets together."""


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_hostile_bytes_break_nothing(target: Target) -> None:
    runs, failure = fuzz(target, SECONDS / len(TARGETS))
    if failure:
        raise failure.error
    assert runs > 0


def test_every_parser_is_a_target() -> None:
    assert len(TARGETS) == len(STREAM_PROTOCOLS) + len(DATAGRAM_PROTOCOLS) + 2 + len(READERS)
    assert len({target.name for target in TARGETS}) == len(TARGETS)


def test_every_list_of_readers_is_run() -> None:
    """A module of this folder that lists readers is of no use unless the driver knows it."""
    modules = set(Path(__file__).parent.glob("*.py")) - {Path(__file__)}
    lists = {path.stem for path in modules if '"""Name, ' in path.read_text("utf-8")}
    assert len(lists) >= 6
    assert lists <= set(vars(targets))


def test_scripts_survive_the_way_to_bytes_and_back() -> None:
    said = [(Side.CLIENT, b"hello"), (Side.SERVER, b"x" * 70_000), (Side.CLIENT, b"")]
    again = script(pack_script(said))
    assert b"".join(data for side, data in again if side is Side.SERVER) == b"x" * 70_000
    assert again[0] == said[0]
    assert list(chunks(b"\x80\x05abc\x01")) == [(True, b"abc\x01")]


def test_the_same_seed_makes_the_same_mutations() -> None:
    inputs = [b"abcdef" * 20, bytes(100)]
    first, second = random.Random(3), random.Random(3)
    made = [mutated(first, inputs) for _ in range(300)]
    assert made == [mutated(second, inputs) for _ in range(300)]
    assert len(set(made)) > 250
    assert max(map(len, made)) <= MAX_INPUT


def test_a_broken_parser_is_found() -> None:
    def fragile(data: bytes) -> frozenset[str]:
        if b"\xff" in data:
            raise IndexError("not a promise")
        return frozenset({str(len(data))})

    _, failure = fuzz(Target("fragile", fragile, lambda corpus: [b"sound"]), 10)
    assert failure is not None
    with pytest.raises(IndexError):
        check(Target("fragile", fragile, lambda corpus: []), failure.data)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_sound_input_leads_into_every_parser(target: Target) -> None:
    outcomes = [target.run(data) for data in target.seeds(corpus())]
    assert any(outcome - {"other"} for outcome in outcomes), "no seed is understood"
