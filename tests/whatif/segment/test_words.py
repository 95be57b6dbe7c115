"""Every message that the code can emit has its sentence, and no sentence is left over."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from leadapron.model.segmentation import Standing
from leadapron.whatif.messages import load_messages
from leadapron.whatif.segment.suspicion import Reason

MESSAGES = load_messages()
OURS = sorted(message for message in MESSAGES["en"] if message.startswith("segment."))
WRONG_IN_FRENCH = re.compile(r"(?<![\u00a0])[:»](?=\s|$)|(?<!\u202f)[;!?](?=\s|$)|«(?!\u00a0)|'|\.\.\.")


def emitted() -> set[str]:
    """Message ids in the code of the room."""
    source = files("leadapron") / "whatif/segment"
    texts = (entry.read_text("utf-8") for entry in source.iterdir() if entry.name.endswith(".py"))
    found = {message for text in texts for message in re.findall(r'"(segment\.[a-z-]+)"', text)}
    return found | {f"segment.standing-{standing}" for standing in Standing}


def test_messages_and_sentences_are_the_same_set() -> None:
    assert emitted() == set(OURS)
    assert {*Reason} <= set(OURS)


@pytest.mark.parametrize("message", OURS)
def test_sentences_are_finished_and_french_is_well_set(message: str) -> None:
    english, french = MESSAGES["en"][message], MESSAGES["fr"][message]
    for sentence in (english, french):
        assert sentence == sentence.strip()
        assert sentence.endswith((".", ":", "\u00a0:"))
    assert "'" not in english
    assert not WRONG_IN_FRENCH.search(french), french


@pytest.mark.parametrize("reason", Reason)
def test_reasons_need_no_parameters(reason: Reason) -> None:
    """They stand in files that people edit, and beside flows that no rule names."""
    assert "{" not in MESSAGES["en"][reason]
