"""Run commands in this process, as a person would: quick enough to try every option."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from leadapron.cli import main

ENVIRONMENT = {"LC_ALL": "C.UTF-8", "COLUMNS": "200"}


def run(*arguments: object, language: str = "C.UTF-8") -> Result:
    """The command's outcome; it must not have crashed."""
    runner = CliRunner(env={**ENVIRONMENT, "LC_ALL": language})
    result = runner.invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def done(*arguments: object, language: str = "C.UTF-8") -> str:
    """What it said; it must have worked, and without complaint."""
    result = run(*arguments, language=language)
    assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    return result.stdout


def refused(*arguments: object) -> str:
    """The one line by which it refused."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    message, end = result.stderr[:-1], result.stderr[-1:]
    assert end == "\n"
    assert "\n" not in message
    return message


def content_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
