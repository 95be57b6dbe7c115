"""The sentences of what-if, by language: one file of `content/whatif/words` per room, `[en]` and `[fr]` tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from importlib.resources.abc import Traversable

from leadapron.model.content import check_sentences, read_toml, shipped, toml_files
from leadapron.model.errors import ContentError
from leadapron.rules.lint import placeholders


def load_messages(folder: Traversable | None = None) -> Mapping[str, Mapping[str, str]]:
    """Language → message id → sentence with `{parameters}`. ContentError: a sentence is missing in a language, said
    twice, or has other parameters in one language than in another."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for file in toml_files(folder if folder is not None else shipped("whatif", "words")):
        words = read_toml(file, dict[str, dict[str, str]])
        check_sentences(words, file.name)
        for language, sentences in words.items():
            if twice := sorted(found[language].keys() & sentences.keys()):
                raise ContentError(f"{file.name}: {language}: said in another file too: {twice}")
            found[language].update(sentences)
    for message, sentence in found["en"].items():
        for language, sentences in found.items():
            if placeholders(sentence) != placeholders(sentences[message]):
                raise ContentError(f"words: {language}: {message}: other parameters than in English")
    return found
