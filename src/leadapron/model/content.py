"""The one door for content: a TOML file that is shipped, or given in its place, becomes structures or is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec

from leadapron.model.errors import ContentError

T = TypeVar("T")

LANGUAGES = ("en", "fr")
"""Every text is there in each; English is the source."""


def shipped(*path: str) -> Traversable:
    """A file or folder of `leadapron/content`."""
    return files("leadapron").joinpath("content", *path)


def toml_files(folder: Traversable) -> list[Traversable]:
    """The TOML files of a folder, by name."""
    return sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)


def read_toml(file: Traversable, type_: type[T]) -> T:
    """The file as `type_`; ContentError names the file and the key."""
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), type_)
    except msgspec.ValidationError as error:
        raise ContentError(f"{file.name}: {path_first(str(error))}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContentError(f"{file.name}: cannot be read as TOML ({error})") from error
    except OSError as error:
        raise ContentError(f"{file.name}: cannot be read ({error.strerror})") from error


def path_first(message: str) -> str:
    """msgspec's ``Expected `str`, got `int` - at `$.texts[...]` `` as ``texts: Expected …``."""
    said, _, place = message.partition(" - at `$")
    return f"{place.rstrip('`').lstrip('.')}: {said}" if place else said


def check_sentences(words: Mapping[str, Mapping[str, str]], name: str) -> None:
    """Language → message id → sentence: ContentError names `name` when a language lacks a sentence."""
    ids = {message for sentences in words.values() for message in sentences}
    for language in LANGUAGES:
        missing = sorted(message for message in ids if not words.get(language, {}).get(message, "").strip())
        if missing or language not in words:
            raise ContentError(f"{name}: {language}: no sentence for {missing or 'anything'}")
