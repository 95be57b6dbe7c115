"""Hostile peers: never a crash, never more memory than stated, never a request upstream that was not allowed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadapron.model.events import DicomAssociation
from leadapron.see.wire.dicom import DicomDissector
from tests.guard.dicom.hostile import play_hostile
from tests.guard.dicom.playbook import EVERYTHING, Guarded, guarded
from tests.guard.dicom.test_messages import FIRST
from tests.see.wire.playbook import play
from tests.see.wire.test_dicom import ECHO, STORE, WIDE, query

ASSOCIATIONS = 400


def test_hundreds_of_hostile_associations_reach_no_further_than_they_may() -> None:
    chance = random.Random(5)
    outcomes: set[str] = set()
    for _ in range(ASSOCIATIONS):
        outcomes |= play_hostile(chance.randbytes(chance.randrange(400)))
    assert {"C-STORE", "C-FIND", "C-MOVE", "C-GET", "C-ECHO", "N-CREATE"} <= outcomes
    assert len([each for each in outcomes if each.startswith("protocol")]) > 8


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_choice_of_a_peer_breaks_a_promise(data: bytes) -> None:
    play_hostile(data)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=8), st.booleans())
def test_any_bytes_of_either_side_are_survived(said: list[tuple[bool, bytes]], established: bool) -> None:
    script = [*(ECHO[:2] if established else []), *[(side, data) for side, data in said]]
    whole = guarded([(ECHO[1][0] if side is True else side or ECHO[0][0], data) for side, data in script])
    assert whole.conversation.held < 1000


@pytest.mark.parametrize("script", [STORE, ECHO, query(WIDE), query(FIRST)])
def test_the_guard_tells_an_association_as_a_capture_of_it_does(script: list) -> None:
    (seen,) = [event for event in play(DicomDissector, script) if isinstance(event, DicomAssociation)]
    (told,) = [event for event in guarded(script).events if isinstance(event, DicomAssociation)]
    fields = set(DicomAssociation.__struct_fields__) - {"packet"}
    assert {name: getattr(told, name) for name in fields} == {name: getattr(seen, name) for name in fields}


def test_one_byte_at_a_time_costs_no_more_than_its_size() -> None:
    guard = Guarded(EVERYTHING).play(STORE, 1)
    assert guard.most_held < 20_000
