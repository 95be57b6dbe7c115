"""Short answers of the guard's commands, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from leadapron.model.guard import Policy
from leadapron.report.hostile import harmless
from leadapron.report.words import N_, words


def sound_policy(listeners: int, rules: int, warnings: int, language: str) -> str:
    """What `guard check` says of a policy without problems."""
    say = words(language)
    return say.gettext("The policy can be used: {listeners}, {rules}, {warnings}.").format(
        listeners=say.ngettext("{n} listener", "{n} listeners", listeners),
        rules=say.ngettext("{n} rule", "{n} rules", rules),
        warnings=say.ngettext("{n} warning", "{n} warnings", warnings),
    )


def suggestion(policy: Policy, suspects: Sequence[str], language: str) -> Iterator[str]:
    """What `guard suggest` says of its policy."""
    say = words(language)
    _ = say.gettext
    yield say.ngettext(
        "{n} rule allows what was seen. The last rule denies the rest, in shadow: it blocks nothing yet.",
        "{n} rules allow what was seen. The last rule denies the rest, in shadow: it blocks nothing yet.",
        len(policy.rules) - 1,
    )
    if suspects:
        yield say.ngettext(
            "{n} address got no rule, because it was only ever refused: {which}.",
            "{n} addresses got no rule, because they were only ever refused: {which}.",
            len(suspects),
            which=", ".join(harmless(tuple(suspects))),
        )
    yield _("Correct the listeners' addresses, rehearse it with `guard replay`, then run it.")


_REMARKS = {
    "suggest.rare": N_("Seen on one connection only: still in use?"),
    "suggest.wide": N_("Asks for everything at once: who needs that?"),
    "suggest.moves": N_("Has objects sent to other devices: are all these destinations right?"),
    "suggest.no-identity": N_("Reads without saying who asks."),
}


def remarks(found: Mapping[str, Sequence[str]], language: str) -> Mapping[str, tuple[str, ...]]:
    """Name of a rule → what a person should ask about it."""
    say = words(language)
    return {rule: tuple(say.gettext(_REMARKS[message]) for message in said) for rule, said in found.items()}
