"""Rules as the file people edit: TOML with the reasons beside each rule, in their language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from textwrap import wrap

from leadapron.model.segmentation import Allow, Segmentation, Standing, Zone
from leadapron.model.toml import toml_text
from leadapron.whatif.messages import load_messages

FORMAT = 1
ALL = "all"
"""In place of a list of addresses or ports: every one. An empty list is refused, so that none is opened by mistake."""
WIDTH = 110

_HEADER = ("segment.file-what", "segment.file-edit", "segment.file-all", "segment.file-check")


def write_rules(segmentation: Segmentation, language: str) -> str:
    """The same rules come back from `read_rules`; advice does not, it stands at the top as comments."""
    words = load_messages()[language]
    lines = [*_comments(words[message] for message in _HEADER), "", f"format = {FORMAT}"]
    if segmentation.advice:
        said = (words[one.message].format(**one.params) for one in segmentation.advice)
        lines += ["", *_comment(words["segment.file-advice"])]
        lines += [line for sentence in said for line in _comment(sentence, "- ")]
    for zone in segmentation.zones:
        lines += ["", *_zone(zone)]
    for ends, rules in groupby(segmentation.rules, key=lambda rule: (rule.source_zone, rule.target_zone)):
        lines += ["", "", *_comment(f"{ends[0]} → {ends[1]}", "==== ")]
        for rule in rules:
            lines += ["", *_rule(rule, words)]
    return "\n".join(lines) + "\n"


def _zone(zone: Zone) -> Iterator[str]:
    yield "[[zone]]"
    yield f"name = {toml_text(zone.name)}"
    yield f"networks = {_texts(zone.networks)}"


def _rule(rule: Allow, words: Mapping[str, str]) -> Iterator[str]:
    yield "[[rule]]"
    if rule.standing is not Standing.KEEP and rule.reason:
        yield from _comment(f"{words[f'segment.standing-{rule.standing}']} {words[rule.reason]}")
    yield f"id = {toml_text(rule.id)}"
    yield f"standing = {toml_text(rule.standing)}"
    yield f"from = {toml_text(rule.source_zone)}"
    yield f"to = {toml_text(rule.target_zone)}"
    yield f"sources = {_texts(rule.sources)}{_beside(rule.params.get('clients'), rule.sources)}"
    yield f"targets = {_texts(rule.targets)}{_beside(rule.params.get('servers'), rule.targets)}"
    yield f"transport = {toml_text(rule.transport)}"
    yield f"ports = [{', '.join(map(str, rule.ports))}]" if rule.ports else f"ports = {toml_text(ALL)}"
    yield f"service = {toml_text(rule.service)}"
    yield from _rests_on(rule)


def _rests_on(rule: Allow) -> Iterator[str]:
    """What was seen; a rule that a person adds needs none of it."""
    if rule.reason:
        yield f"reason = {toml_text(rule.reason)}"
    for name, value in sorted(rule.params.items()):
        yield f"params.{_key(name)} = {toml_text(str(value))}"
    if rule.connections:
        yield f"connections = {rule.connections}"
    for name, when in (("first_seen", rule.first_seen), ("last_seen", rule.last_seen)):
        if isinstance(when, datetime):
            yield f"{name} = {when.isoformat()}"
    if rule.flows:
        yield f"flows = {_list(rule.flows)}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_text(name)


def _texts(values: tuple[str, ...]) -> str:
    return _list(values) if values else toml_text(ALL)


def _list(values: Iterable[str]) -> str:
    """On one line where it fits, else filled."""
    texts = [toml_text(value) for value in values]
    line = f"[{', '.join(texts)}]"
    if len(line) <= WIDTH:
        return line
    rows: list[str] = []
    row = ""
    for text in texts:
        if row and len(row) + len(text) + 2 > WIDTH:
            rows, row = [*rows, row], ""
        row += f"{' ' if row else ''}{text},"
    return "\n".join(("[", *(f"    {each}" for each in (*rows, row)), "]"))


def _beside(names: object, addresses: tuple[str, ...]) -> str:
    """Names of the devices, where they say more than the addresses."""
    return f"  # {_one_line(str(names))}" if names and names != ", ".join(addresses) else ""


def _comments(sentences: Iterable[str]) -> list[str]:
    return [line for sentence in sentences for line in _comment(sentence)]


def _comment(sentence: str, mark: str = "") -> list[str]:
    return [f"# {line}" for line in wrap(mark + _one_line(sentence), WIDTH, break_on_hyphens=False)]


_SPACES = " \u00a0\u202f"
"""Of both languages: French sentences hold no-break ones."""


def _one_line(text: str) -> str:
    """Names come from the network: nothing in them may end a comment."""
    return "".join(letter if letter.isprintable() or letter in _SPACES else " " for letter in text)
