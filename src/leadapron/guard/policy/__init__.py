"""What may pass, read from a file and judged: pure, so that a rehearsal decides as the guard does.

`read_policy` reads and checks the file of a hospital, `write_policy` writes one; `judge` answers for one listener, with
the counters of a `Book`; `explain` tells which rule decides and why the others do not; `task_of` names what a DIMSE
command does; `decision_said` puts a decision in words.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo

from leadapron.guard.policy.book import Book, Opening
from leadapron.guard.policy.explaining import Explanation, Step, explain
from leadapron.guard.policy.judging import RuleJudge
from leadapron.guard.policy.problems import PolicyError, PolicyProblem, decision_said, policy_words
from leadapron.guard.policy.reading import Checked, check_policy, read_policy
from leadapron.guard.policy.services import task_of
from leadapron.guard.policy.writing import write_policy
from leadapron.model.guard import Judge, Listener, Moment, Policy

__all__ = [
    "Book",
    "Checked",
    "Explanation",
    "Opening",
    "PolicyError",
    "PolicyProblem",
    "Step",
    "check_policy",
    "decision_said",
    "explain",
    "judge",
    "policy_words",
    "read_policy",
    "task_of",
    "write_policy",
]


def judge(policy: Policy, listener: Listener, book: Book, clock: Callable[[], Moment], tz: tzinfo = UTC) -> Judge:
    """One for each listener of a policy; all its connections share it. `tz` is where the hours of rules are local."""
    return RuleJudge(policy, listener, book, clock, tz)
