"""The guard's screens, in both languages and as narrow as a terminal starts: answer first, nothing cut, no enumeration
names, hostile names made visible."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from leadapron.guard.policy import decision_said
from leadapron.model.guard import Action, Answer, Answered, Reason, Replay
from leadapron.report.guard import ReplayDocument, render_replay_terminal, render_status_terminal, replay_document
from leadapron.report.whatif import Made

NOW = datetime(2026, 11, 24, 18, 24, tzinfo=UTC)
HOSTILE = "EVIL\x1b[2J\u202eTC"


def answered(count: int = 1, **more: Any) -> Answered:
    usual: dict[str, Any] = {
        "listener": "archive", "client": "10.20.10.11", "calling": "CT01", "called": "ARCHIVE", "task": "store",
        "command": "C-STORE", "sop_class": "1.2.840.10008.5.1.4.1.1.2", "destination": "", "action": "allow",
        "reason": "rule", "rule": "CT 1", "detail": "", "shadow": False,
    }  # fmt: skip
    return Answered(answer=Answer(**(usual | more)), count=count, first=NOW, connection="c", studies=0)


REPLAY = Replay(
    policy="radiology",
    digest="4fe94269abe19304",
    connections=562,
    refused=3,
    unguarded={"10.20.20.9:104": 4},
    unread=1,
    untold=0,
    rows=(
        answered(
            3, calling="", command="", sop_class="", rule="", action="deny", reason="protocol", detail="dicom.item"
        ),
        answered(2, calling=HOSTILE, command="C-FIND", rule="CT 1", action="deny", reason="results"),
        answered(5, calling="SECR01", rule="everything else", action="deny", shadow=True),
        answered(1200),
        answered(34, client="10.20.10.12"),
    ),
)
STATUS: dict[str, Any] = {
    "name": "front",
    "version": "0.1.0",
    "process": 4242,
    "since": "2026-11-24T18:24:34+00:00",
    "policy": {"digest": "4fe94269abe19304", "loaded": "2026-11-24T18:24:34+00:00", "broken": True},
    "draining": False,
    "memory": 163_000_000,
    "listeners": [
        {
            "name": "archive", "speaks": "dicom", "listens": "10.20.20.254:11112",
            "upstream": ["10.20.20.10:11112", "10.20.20.11:11112"], "fail": "closed", "leaving": False, "inside": 2,
            "connections": 123_456, "refused": 1, "associations": 12, "aborted": 0, "objects": 98_765, "findings": 1,
            "bytes": {"client": 1, "server": 2},
        }
    ],
    "web": 0,
    "down": ["10.20.20.11:11112"],
    "decisions": [
        {"listener": "archive", "action": "allow", "reason": "rule", "enforced": True, "count": 98_765},
        {"listener": "archive", "action": "deny", "reason": "rate", "enforced": True, "count": 3},
        {"listener": "archive", "action": "deny", "reason": "rule", "enforced": False, "count": 7},
    ],
    "certificates": [
        {"listener": "archive", "side": "server", "name": "CN=guard", "end": "2027-01-05T00:00:00+00:00"}
    ],
    "spool": {"messages": 36, "connected": False},
    "quarantine": {"objects": 1, "bytes": 564},
    "glass": [{"listener": "", "person": "A. Martin", "until": "2026-11-24T18:29:00+00:00"}],
    "connections": [
        {
            "uid": "c", "client": "10.20.10.11:57244", "listener": "archive", "calling": HOSTILE, "called": "ARCHIVE",
            "certificate": "", "upstream": "10.20.20.10:11112", "phase": "busy", "age": 262_000.0, "quiet": 1.0,
            "bytes": {"client": 7_400_000, "server": 900},
        }
    ],
}  # fmt: skip


def document(language: str) -> ReplayDocument:
    made = Made(version="0.1.0", generated=NOW, language=language)
    return replay_document(REPLAY, made, names={}, said=decision_said)


def replayed(language: str, width: int = 80) -> str:
    out = io.StringIO()
    render_replay_terminal(document(language), Console(file=out, width=width))
    return sound(out, width)


def status(language: str, width: int = 80, **more: Any) -> str:
    out = io.StringIO()
    render_status_terminal(STATUS | more, Console(file=out, width=width), language, decision_said)
    return sound(out, width)


def sound(out: io.StringIO, width: int) -> str:
    """What was printed, one space between words: no line was too wide, no name moved the cursor."""
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\ue000" not in text
    return " ".join(text.replace("│", " ").split())


def test_a_replay_says_first_what_would_have_been_refused() -> None:
    told = replayed("en")
    assert told.index("In 3 of them something would have been refused.") < told.index("How far to trust this")
    assert "5 requests would pass only because a rule is in shadow" in told
    assert "10.20.10.11 → ARCHIVE association × 3 denied: it breaks the standard or a limit – " in told
    assert "denied by rule “CT 1”: more matches than allowed" in told
    assert "denied by rule “everything else”" in told
    assert "── Rule Times CT 1 1,234" in told, "what passes is told by rule"


def test_a_replay_is_read_in_french() -> None:
    told = replayed("fr")
    assert "562 connexions seraient passées par la passerelle." in told
    assert "5 demandes ne passeraient que parce qu’une règle est en observation" in told
    assert "refusé par la règle « CT 1 » : plus de réponses que permis" in told
    assert "Règle Fois CT 1 1 234" in told


def test_a_running_guard_says_first_what_needs_somebody() -> None:
    told = status("en")
    alarms = (
        "It guards 1 listener; 2 connections inside.",
        "! A. Martin has broken the glass (every listener): until 24 Nov 2026 18:29:00, rules stop nothing there.",
        "! The policy file is broken; the one before stays in force.",
        "! 10.20.20.11:11112 does not answer.",
        "! The audit collector cannot be reached: 36 messages wait on disk.",
        "Running since",
    )
    assert [told.index(each) for each in alarms] == sorted(told.index(each) for each in alarms)
    assert "archive denied: too often, or too much at once 3" in told
    assert "archive denied by a rule (in shadow: it passes all the same) 7" in told
    assert "archive 2 123,456 4 98,765" in told, "refused at the door, and by the policy"
    assert "3 days" in told
    assert "10.20.20.254:11112 → 10.20.20.10:11112 → 10.20.20.11:11112" in told, "one below the other, none broken"


def test_a_running_guard_is_read_in_french() -> None:
    told = status("fr")
    assert "Elle protège 1 point d’écoute ; 2 connexions en cours." in told
    assert "! A. Martin a brisé la vitre (tous les points d’écoute) : jusqu’au 24 nov. 2026 18:29:00" in told
    assert "archive refusé : trop souvent, ou trop à la fois 3" in told
    assert "archive refusé par une règle (en observation : cela passe 7" in told


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_names_from_the_wire_are_shown_and_move_nothing(language: str, width: int) -> None:
    for told in (replayed(language, width), status(language, width)):
        assert "EVIL[U+001B][2J[U+202E]TC" in told.replace(" ", "")


def test_a_quiet_guard_has_no_alarm_and_no_empty_table() -> None:
    quiet = status(
        "en", down=[], glass=[], spool=None, decisions=[], connections=[], policy=STATUS["policy"] | {"broken": False}
    )
    assert "!" not in quiet
    assert "Decisions" not in quiet
    assert "Inside now" not in quiet
    assert "It is stopping: nobody new is let in." in status("en", draining=True)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("action", Action)
def test_every_decision_reads_as_a_sentence(action: Action, reason: Reason, language: str) -> None:
    for rule in ("", "CT 1"):
        told = decision_said(action, reason, rule, language, detail="x", shadow=True)
        assert rule in told
        assert told.endswith(")")
        assert "." not in told, "clauses, which a screen joins to others"
