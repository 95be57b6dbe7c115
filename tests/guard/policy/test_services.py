"""Tasks of commands and classes, with pydicom's dictionary of the standard as oracle."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom._uid_dict import UID_dictionary

from leadapron.guard.policy import task_of
from leadapron.guard.policy.conditions import fits
from leadapron.guard.policy.places import lines_of
from leadapron.guard.policy.services import SOP_CLASS, is_uid, named, spellings, storage_classes, tasks_of_class
from leadapron.model.guard import Task
from tests.guard.policy.policies import CT, PRIVATE, STUDY_FIND, STUDY_GET, STUDY_MOVE, VERIFICATION, WORKLIST

MPPS, COMMIT, UPS_PUSH = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.20.1", "1.2.840.10008.5.1.4.34.6.1"
CLASSES = {uid: entry[0] for uid, entry in UID_dictionary.items() if entry[1].endswith(SOP_CLASS) and entry[0]}


@pytest.mark.parametrize(
    ("command", "sop_class", "task"),
    [
        ("C-ECHO", VERIFICATION, Task.ECHO),
        ("C-STORE", CT, Task.STORE),
        ("C-STORE", PRIVATE, Task.STORE),
        ("C-FIND", STUDY_FIND, Task.FIND),
        ("C-FIND", WORKLIST, Task.WORKLIST),
        ("C-FIND", UPS_PUSH, Task.WORKLIST),
        ("C-MOVE", STUDY_MOVE, Task.MOVE),
        ("C-GET", STUDY_GET, Task.GET),
        ("N-CREATE", MPPS, Task.MPPS),
        ("N-ACTION", COMMIT, Task.COMMIT),
        ("N-EVENT-REPORT", COMMIT, Task.COMMIT),
        ("N-CREATE", "1.2.840.10008.5.1.1.1", Task.PRINT),
        ("N-DELETE", "1.2.840.10008.5.1.1.1", Task.PRINT),
        ("N-CREATE", UPS_PUSH, Task.NORMALISED),
        ("N-DELETE", PRIVATE, Task.DELETE),
        ("N-ACTION", "1.2.840.10008.5.1.1.33", Task.NORMALISED),
    ],
)
def test_commands_are_tasks(command: str, sop_class: str, task: Task) -> None:
    assert task_of(command, sop_class) is task


@pytest.mark.parametrize("uid", CLASSES, ids=CLASSES.get)
def test_every_class_of_the_standard_is_known_by_its_number(uid: str) -> None:
    name, tasks = CLASSES[uid], tasks_of_class(uid)
    if found := re.search(r" - (FIND|MOVE|GET)$", name):
        kind = Task(found[1].lower())
        assert tasks == {kind} or (kind is Task.FIND and tasks == {Task.WORKLIST})
    elif "Query" in name and not uid.startswith("1.2.840.10008.5.1.4.34"):
        assert tasks == {Task.FIND}
    elif "Storage" in name and "Commitment" not in name and "Directory" not in name:
        assert tasks == {Task.STORE, Task.GET}, name
        assert uid in storage_classes()
    else:
        assert Task.STORE not in tasks, name
        assert uid not in storage_classes()


def test_names_are_those_of_the_standard() -> None:
    words = spellings(SOP_CLASS)
    assert words["ct image storage"] == words["ctimagestorage"] == (CT,)
    assert words["verification"] == words["verification sop class"] == (VERIFICATION,)
    assert len(words["ultrasound image storage"]) == 2  # a retired one has the same name
    assert named(storage_classes(), SOP_CLASS) == ("storage",)
    assert named((CT, "1.2.3"), SOP_CLASS) == ("CT Image Storage", "1.2.3")


def test_uids() -> None:
    assert is_uid(CT)
    assert not any(map(is_uid, ["", "1", "1.", "1..2", "a.b", "1.2.840.x", "1." * 32 + "1", "１.２"]))


# ---------------------------------------------------------------- wildcards
@given(st.text("ab?*", max_size=8), st.text("ab?*", max_size=8))
def test_wildcards_are_those_of_regular_expressions(pattern: str, text: str) -> None:
    expression = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)
    assert fits(pattern, text) is (re.fullmatch(expression, text, re.DOTALL) is not None)


@given(st.text("ab?*\\", max_size=8))
def test_a_title_can_be_written_so_that_it_means_itself(title: str) -> None:
    escaped = re.sub(r"([*?])", r"\\\1", title)
    assert fits(escaped, title) or "\\" in title
    assert not fits("\\*", "x")


def test_no_pattern_takes_long() -> None:
    start = time.perf_counter()
    assert not fits("*a" * 100 + "b", "a" * 500)
    assert time.perf_counter() - start < 1


# ---------------------------------------------------------------- lines
def test_lines_of_tables_and_keys() -> None:
    text = '''# head [x]
a = """
b = 1
[no]
"""
"c d" = [
  1, # [[no]]
  { x = 2 },
]
e.f = '#'
[[t]]
x = 1
[t.u]  # said
y = 2024-01-01T00:00:00Z
[[t]]
[t.u.v]
z = {k = "]", l = [1]}
[[t.w]]
[[t.w]]
q = 1'''.replace("'''", '"""')
    assert lines_of(text.replace("\n", "\r\n")) == {
        ("a",): 2,
        ("c d",): 6,
        ("e", "f"): 10,
        ("t",): 11,
        ("t", 0): 11,
        ("t", 0, "x"): 12,
        ("t", 0, "u"): 13,
        ("t", 0, "u", "y"): 14,
        ("t", 1): 15,
        ("t", 1, "u", "v"): 16,
        ("t", 1, "u", "v", "z"): 17,
        ("t", 1, "w"): 18,
        ("t", 1, "w", 0): 18,
        ("t", 1, "w", 1): 19,
        ("t", 1, "w", 1, "q"): 20,
    }
