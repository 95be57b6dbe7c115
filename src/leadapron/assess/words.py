"""Sentences for `Finding.rank_reason`, read from `content/rules/ranking.yml`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import yaml

from leadapron.model.content import check_sentences, shipped
from leadapron.model.errors import ContentError


def rank_words() -> Mapping[str, Mapping[str, str]]:
    """Language → message id → sentence. A sentence may hold `{value}`: what stands after `=` in the reason.

    Where a value is a word (`rank.level=high`), the id with its value has a sentence of its own and is looked up
    first. Raises `ContentError` when a language lacks a sentence.
    """
    entry = shipped("rules", "ranking.yml")
    try:
        words = msgspec.convert(yaml.safe_load(entry.read_text("utf-8")), dict[str, dict[str, str]])
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ContentError(f"{entry.name}: {error}") from error
    check_sentences(words, entry.name)
    return words
