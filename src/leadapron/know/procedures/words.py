"""Sentences for everything about procedures that code only names, read from `content/procedures/words.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from msgspec import Struct

from leadapron.model.content import LANGUAGES, path_first, read_toml, shipped
from leadapron.model.errors import ContentError
from leadapron.model.events import ProcedureAnswer
from leadapron.rules.lint import placeholders

_FILE = "words.toml"
_SPELLINGS = "spellings"


class Words(Struct, frozen=True, kw_only=True):
    """`sentences`: language → message id → sentence with `{param}` places. `spellings`: answer → what people write."""

    sentences: Mapping[str, Mapping[str, str]]
    spellings: Mapping[ProcedureAnswer, tuple[str, ...]]

    def say(self, language: str, message: str, params: Mapping[str, str | int] | None = None) -> str:
        """A sentence with its places filled. Contradictions by rules without a sentence of their own share one."""
        sentences = self.sentences[language]
        group = message.partition(".")[0]
        return (sentences.get(message) or sentences[f"{group}.default"]).format_map(params or {})


def load_words(folder: Traversable | None = None) -> Words:
    """Raises `ContentError` naming the key when a language lacks a sentence, or two differ in their places."""
    document = read_toml((folder or shipped("procedures")) / _FILE, dict[str, Any])
    try:
        spellings = msgspec.convert(document.pop(_SPELLINGS, {}), dict[ProcedureAnswer, tuple[str, ...]])
        groups = msgspec.convert(document, dict[str, dict[str, dict[str, str]]])
    except msgspec.ValidationError as error:
        raise ContentError(f"{_FILE}: {path_first(str(error))}") from error
    sentences: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    for group, messages in groups.items():
        for key, texts in messages.items():
            message = f"{group}.{key}"
            _check(message, texts)
            for language in LANGUAGES:
                sentences[language][message] = texts[language]
    return Words(sentences=sentences, spellings=spellings)


def _check(message: str, texts: Mapping[str, str]) -> None:
    if set(texts) != set(LANGUAGES) or not all(text.strip() for text in texts.values()):
        raise ContentError(f"{_FILE}: {message}: one sentence each in {', '.join(LANGUAGES)} expected")
    try:
        places = {placeholders(text) for text in texts.values()}
    except ValueError as error:
        raise ContentError(f"{_FILE}: {message}: {error}") from error
    if len(places) > 1:
        raise ContentError(f"{_FILE}: {message}: the languages differ in their {{places}}")
