"""TOML from outside: read as Python reads it, but for keys that would fill the memory."""

from __future__ import annotations

import re
import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.toml import MOST_PARTS, parse_toml, toml_text


def test_what_python_reads_is_read_alike() -> None:
    text = '[devices."10.20.20.53"]\nweak.smb = 0.1\nnetworks = ["10.0.0.0/8", "10.1.0.0/16"]\n'
    assert parse_toml(text) == {
        "devices": {"10.20.20.53": {"weak": {"smb": 0.1}, "networks": ["10.0.0.0/8", "10.1.0.0/16"]}}
    }


@pytest.mark.parametrize("part", ["a", '"a b"', "'a'", "a-1 "])
@pytest.mark.parametrize("form", ["{} = 1", "[{}]", "x = {{ {} = 1 }}", "devices.{} = 1"])
def test_a_key_without_end_is_refused_at_its_line(form: str, part: str) -> None:
    key = ".".join([part] * 100_000)
    with pytest.raises(ValueError, match=re.escape(f"more than {MOST_PARTS} parts (at line 2)")):
        parse_toml("# a file\n" + form.format(key))


def test_addresses_numbers_and_sentences_are_no_keys() -> None:
    many = ", ".join(['"10.20.30.40"', "1.5"] * 200)
    text = f'x = [{many}]\ny = "{"... " * 100}"\nz = "One. Two. {"Three. " * 10}"\n'
    assert len(parse_toml(text)["x"]) == 400


@pytest.mark.parametrize("text", ["a" * 2_000_000, '"' * 2_000_000, '"a' * 700_000, "a " * 700_000, "a . " * 20 + "b"])
def test_looking_for_long_keys_takes_time_in_proportion(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(ValueError, match="line"):
        parse_toml(text + "\n= 1")
    assert time.perf_counter() - began < 5


@given(st.text())
def test_a_text_is_read_back_as_it_was(text: str) -> None:
    written = toml_text(text)
    assert tomllib.loads(f"x = {written}") == {"x": text}
    assert all(one.isprintable() or one in "\u00a0\u202f" or one.isspace() for one in written)


def test_a_text_shows_what_it_says() -> None:
    assert toml_text("Scanner «\u00a0A\u00a0»") == '"Scanner «\u00a0A\u00a0»"'
    assert toml_text('a"b\\c\n\x7f\u202egnp.exe\U000e0041') == r'"a\"b\\c\u000a\u007f\u202egnp.exe\U000e0041"'
    assert toml_text("half \ud800") == '"half \ufffd"'
