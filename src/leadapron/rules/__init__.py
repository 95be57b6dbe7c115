"""Sigma rules: load, lint, evaluate, explain.

A rule is one YAML file in `content/rules/weakness`: Sigma's keys (pySigma checks them) and ours (`rule.Extension`).

- `load_rules()` → tuple of `Rule`, refusing with `ContentError` whatever is not complete or not true to its samples.
- `Rule.texts[language]` → `Texts`: the sentences, with `{param}` places.
- `load_controls()` → frameworks and their controls, titled in both languages.
- `evaluate(condition, row)` → `Match`, the explanation, or None.
"""

from leadapron.rules.condition import Match, evaluate
from leadapron.rules.controls import Control, Framework, load_controls
from leadapron.rules.loader import load_rules
from leadapron.rules.rule import Category, Ease, GroupBy, Rule, Texts

__all__ = [
    "Category",
    "Control",
    "Ease",
    "Framework",
    "GroupBy",
    "Match",
    "Rule",
    "Texts",
    "evaluate",
    "load_controls",
    "load_rules",
]
