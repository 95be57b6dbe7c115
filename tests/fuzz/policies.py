"""The guard's policy as a fuzz target: what is read is written and read again, and every problem has words."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from leadapron.guard.policy import Book, check_policy, judge, read_policy, write_policy
from leadapron.model.guard import Moment, Operation, Peer, Task
from tests.guard.policy.policies import bare


def _policy(data: bytes) -> frozenset[str]:
    checked = check_policy(data, "fuzz", "/etc")
    lines = data.count(b"\n") + 1
    for each in (*checked.problems, *checked.warnings):
        assert 1 <= each.line <= lines
        assert each.said("en")
        assert each.said("fr")
    policy = checked.policy
    if policy is None:
        assert checked.problems
        return frozenset(each.message for each in checked.problems)
    assert bare(read_policy(write_policy(policy, "fr").encode(), "again")) == bare(policy)
    for listener in policy.listeners:
        asked = judge(policy, listener, Book(), lambda: Moment(wall=1e9, steady=1.0))
        peer = Peer(address="10.10.1.21", listener=listener.name, calling="CT1", called="ARCHIVE")
        asked.admit(peer)
        asked.decide(peer, Operation(task=Task.STORE, sop_class="1.2.840.10008.5.1.4.1.1.2"))
    return frozenset({"read", *(rule.action for rule in policy.rules)})


def targets() -> list[tuple[str, Callable[[bytes], frozenset[str]], list[bytes]]]:
    """Name, parser and seeds."""
    example = files("leadapron").joinpath("content", "guard", "example.toml").read_bytes()
    return [("guard-policy", _policy, [example])]
