"""What is wrong with a policy file: where, what, and what to do, in the language of who reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct, field

from leadapron.model.content import check_sentences, read_toml, shipped
from leadapron.model.errors import ContentError, UsageError
from leadapron.model.guard import Reason
from leadapron.rules.lint import placeholders

MOST_SHOWN = 100
"""Problems in one message; more are counted."""


@lru_cache(maxsize=1)
def policy_words() -> Mapping[str, Mapping[str, str]]:
    """Language → message id → sentence: problems, warnings, reasons, conditions, explanations, comments."""
    words = read_toml(shipped("guard", "words", "policy.toml"), dict[str, dict[str, str]])
    check_sentences(words, "policy.toml")
    for message, sentence in words["en"].items():
        if any(placeholders(sentence) != placeholders(said[message]) for said in words.values()):
            raise ContentError(f"policy.toml: {message}: other parameters in one language than in another")
    return words


def decision_said(action: str, reason: str, rule: str, language: str, *, detail: str = "", shadow: bool = False) -> str:
    """A decision in words: `denied by rule “CT 1”: more matches than allowed`. `rule` is empty where none decided,
    `detail` says more of the reason, `shadow` that it is not enforced."""
    words = policy_words()[language]
    why = words[f"reason.{reason}"]
    parts = {"action": words[f"action.{action}"], "rule": rule, "reason": why}
    if detail:
        parts["reason"] = f"{why} – {detail}"
    if reason != Reason.RULE:
        said = words["decided.bound" if rule else "decided.why"].format_map(parts)
    else:
        said = words["decided.by"].format_map(parts) if rule else f"{parts['action']} {parts['reason']}"
    return f"{said} ({words['decided.shadow']})" if shadow else said


def sentence(message: str, params: Mapping[str, str], language: str) -> str:
    """The sentence of a message id. Its parameters fill it in; one that is empty and leads to `problem.meant` is left
    out with its words."""
    words = policy_words()[language]
    said = dict(params)
    if "meant" in said:
        said["meant"] = words["problem.meant"].format(meant=said["meant"]) if said["meant"] else ""
    return words[message].format_map(said).strip()


class PolicyProblem(Struct, frozen=True, kw_only=True):
    """One thing to correct (`problem.*`) or to think about (`warning.*`)."""

    line: int
    message: str
    params: Mapping[str, str] = field(default_factory=dict)

    def said(self, language: str = "en") -> str:
        """What is wrong, and what to do."""
        return sentence(self.message, self.params, language)


class PolicyError(UsageError):
    """The file cannot be used; all that is wrong with it at once."""

    def __init__(self, name: str, problems: Sequence[PolicyProblem]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__(self.said())

    def said(self, language: str = "en") -> str:
        """A line for each problem: `file:line: what; what to do`."""
        lines = [f"{self.name}:{each.line}: {each.said(language)}" for each in self.problems[:MOST_SHOWN]]
        if more := len(self.problems) - MOST_SHOWN:
            lines += [sentence("problem.more", {"count": str(more)}, language)] if more > 0 else []
        return "\n".join(lines)
