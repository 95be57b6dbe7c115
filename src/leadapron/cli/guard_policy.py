"""The policy that commands of the guard are given: without problems, or all of them at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from leadapron.cli.output import say

if TYPE_CHECKING:
    from leadapron.guard.policy import Checked
    from leadapron.model.guard import Policy

policy_argument = click.argument("policy_file", metavar="POLICY", type=click.Path(path_type=Path))


def sound(path: Path, language: str) -> tuple[Policy, Checked]:
    """A policy without problems; else all of them, in the reader's language."""
    from leadapron.app.guarding import checked
    from leadapron.guard.policy import PolicyError
    from leadapron.report.guard.said import unsound_policy

    found = checked(path)
    if found.policy is None:
        for line in PolicyError(path.name, found.problems).said(language).split("\n"):
            say(line, err=True)
        say(unsound_policy(len(found.problems), language), err=True)
        raise SystemExit(2)
    return found.policy, found
