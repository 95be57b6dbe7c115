"""Content rules (YARA-X): what no object should hold, compiled once and asked about blocks of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import yara_x
from msgspec import Struct

from leadapron.model.content import LANGUAGES, check_sentences, read_toml, shipped
from leadapron.model.errors import UsageError

MAX_SECONDS = 5
"""Of one block under all rules. The shipped rules need microseconds; a rule that needs longer blinds the guard."""
MAX_MATCHES = 4096
"""Places of one pattern that a rule may look at in one block; hostile blocks repeat a pattern without end."""


class Hit(Struct, frozen=True):
    """A rule that matched: its id and where, from the start of the block (0 where the rule names no place)."""

    rule: str
    offset: int


class ScanFailedError(Exception):
    """The rules could not judge a block."""


class ContentRules:
    """Compiled rules. One thread uses them at a time."""

    def __init__(self, compiled: yara_x.Rules) -> None:
        self._rules = compiled
        self._scanner = yara_x.Scanner(compiled)  # kept: making one for each block takes twenty times as long
        self._scanner.set_timeout(MAX_SECONDS)
        self._scanner.max_matches_per_pattern(MAX_MATCHES)
        self._lost = False
        self.words = _words(compiled)
        """Name of a finding → language → what it is. Rules of a department may say nothing."""

    @classmethod
    def load(cls, files: Iterable[tuple[str, str]]) -> ContentRules:
        """The shipped rules, and those of `files` (name, text). UsageError names file and line of what is wrong."""
        compiler = yara_x.Compiler()
        compiler.enable_includes(False)
        compiler.define_global("lost", False)
        for name, text in (*shipped_rules(), *files):
            compiler.new_namespace(name)
            try:
                compiler.add_source(text, origin=name)
            except yara_x.CompileError as error:
                raise UsageError(_said(name, compiler.errors(), error)) from error
        return cls(compiler.build())

    def scan(self, block: bytes, *, lost: bool = False) -> Hit | None:
        """The first rule that matches; ScanFailedError where the block took too long.

        Rules know as `lost` that the bytes are no elements: then what would be odd inside one is hostile.
        """
        if lost is not self._lost:
            self._scanner.set_global("lost", lost)
            self._lost = lost
        try:
            matching = self._scanner.scan(block).matching_rules
        except (yara_x.TimeoutError, yara_x.ScanError) as error:
            raise ScanFailedError from error
        if not matching:
            return None
        rule = matching[0]
        places = [match.offset for pattern in rule.patterns for match in pattern.matches]
        return Hit(rule_id(rule), min(places, default=0))


def shipped_rules() -> list[tuple[str, str]]:
    """Name and text of the rule files of this version."""
    folder = shipped("guard", "rules")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yar")), key=lambda file: file.name)
    return [(file.name, file.read_text("utf-8")) for file in files]


def rule_id(rule: yara_x.Rule) -> str:
    """The name that records show: `meta: id`, else the rule's own."""
    return next((str(value) for key, value in rule.metadata if key == "id"), rule.identifier)


def _words(compiled: yara_x.Rules) -> Mapping[str, Mapping[str, str]]:
    file = shipped("guard", "words", "findings.toml")
    sentences = read_toml(file, dict[str, dict[str, str]])
    check_sentences(sentences, file.name)
    words = {name: {language: sentences[language][name] for language in LANGUAGES} for name in sentences["en"]}
    for rule in compiled:
        meta = {key: str(value) for key, value in rule.metadata}
        said = {language: meta.get(f"description_{language}", meta.get("description", "")) for language in LANGUAGES}
        if any(said.values()):
            words[rule_id(rule)] = said
    return words


def _said(name: str, errors: Iterable[Mapping[str, object]], error: Exception) -> str:
    """`extra.yar:3: unknown pattern `$b` (…)`."""
    for each in errors:
        return f"{name}:{each.get('line', 1)}: {each.get('title', 'is not a YARA rule')}"
    return f"{name}: {error}"
