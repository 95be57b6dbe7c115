"""Options that several commands share, each with one name, one meaning and one help text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import platformdirs

from leadapron.cli.output import check_target, default_language

F = TypeVar("F", bound=Callable[..., Any])


def path_option(
    flag: str, name: str, kind: str, help_text: str, *, required: bool = False, envvar: str | None = None
) -> Callable[[F], F]:
    """An option that names a file or folder."""
    return click.option(
        flag, name, type=click.Path(path_type=Path), metavar=kind, help=help_text, required=required, envvar=envvar
    )


def result_option(flag: str, name: str, help_text: str) -> Callable[[F], F]:
    """An option that takes a file's name, or none to print; what cannot be written is refused before the work."""
    return click.option(flag, name, is_flag=False, flag_value="-", metavar="[FILE]", help=help_text, callback=_checked)


def _checked(_ctx: click.Context, _param: click.Parameter, target: str | None) -> str | None:
    if target is not None and target != "-":
        check_target(Path(target))
    return target


def language_option(command: F) -> F:
    """`--lang`."""
    return click.option(
        "--lang",
        "language",
        type=click.Choice(["en", "fr"]),
        default=default_language,
        help="Language of screens and reports; without it, French where LANG says so, else English.",
    )(command)


def knowledge_option(command: F) -> F:
    """`--knowledge`: where updated advisories and the like are kept."""
    return path_option(
        "--knowledge",
        "knowledge",
        "FOLDER",
        "Folder of updated advisories (made by `knowledge update`); what comes with the program is always used.",
        envvar="LEADAPRON_KNOWLEDGE",
    )(command)


def workspace_option(command: F) -> F:
    """`--workspace` of commands that read one back."""
    return path_option(
        "--workspace",
        "workspace",
        "FOLDER",
        "Folder made by `assess --workspace`.",
        required=True,
        envvar="LEADAPRON_WORKSPACE",
    )(command)


def decisions_option(command: F) -> F:
    """`--decisions`: where owners, due dates and accepted risks are kept."""
    return click.option(
        "--decisions",
        "decisions",
        metavar="URL",
        envvar="LEADAPRON_DECISIONS",
        help="Database of owners, due dates and accepted risks (postgresql://…); without it, a file in the workspace.",
    )(command)


def json_flag(command: F) -> F:
    """`--json` of commands that print one thing."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def output_options(command: F) -> F:
    """Options of commands that read captures and report on them."""
    for option in (
        language_option,
        knowledge_option,
        path_option("--csv", "csv_folder", "FOLDER", "Write devices, flows and findings as CSV files into FOLDER."),
        path_option("--json", "json_file", "FILE", "Write everything as one JSON document."),
        path_option("--report", "report_file", "FILE", "Write the report: one HTML file that opens offline."),
        path_option("--workspace", "workspace", "FOLDER", "Keep what is seen in FOLDER, beside what is there already."),
    ):
        command = option(command)
    return command


def knowledge_folder(given: Path | None) -> Path:
    """The folder a person named, else the user's own."""
    return given or platformdirs.user_data_path("leadapron") / "knowledge"
