"""`leadapron procedures`: what the department does, asked in plain words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from leadapron.app import load_world
from leadapron.app.documents import keep_answers, read_file
from leadapron.app.planning import Situation, situation
from leadapron.assess.procedures import told_once
from leadapron.cli.options import json_flag, knowledge_folder, knowledge_option, language_option, workspace_option
from leadapron.cli.output import local_zone, tell_new_workspace, write_file
from leadapron.know.procedures import Words, answered, load_areas, load_words, questions_of
from leadapron.model.events import ProcedureAnswer
from leadapron.model.procedures import AnswerState, Area, Basis, QuestionArea, QuestionState
from leadapron.report import document, encode
from leadapron.report.hostile import visible
from leadapron.report.words import N_, words
from leadapron.rules import load_rules
from leadapron.store import Workspace

_DONE = frozenset({AnswerState.YES, AnswerState.PARTIAL, AnswerState.NO, AnswerState.NOT_APPLICABLE})
"""States that need no new answer today."""


@click.group(short_help="Procedure questions: ask, send by e-mail, take back, score.")
def procedures() -> None:
    """What the department does, beside what its network shows: questions, dated and signed answers, scores."""


@procedures.command(short_help="Answer the questions, one area at a time.")
@click.option("--by", required=True, metavar="NAME", help="Your name: every answer is signed and dated.")
@click.option(
    "--area",
    type=click.Choice([one.value for one in Area]),
    help="One area; without it, those with open questions in turn.",
)
@click.option("--all", "again", is_flag=True, help="Ask also what was answered and still counts.")
@workspace_option
@knowledge_option
@language_option
def ask(by: str, area: str | None, again: bool, workspace: Path, knowledge: Path | None, language: str) -> None:
    """Ask the questions that are open. Each answer is kept at once, so you can stop whenever you like (q, Ctrl-C)."""
    opened = _workspace(workspace, language)
    states = {state.id: state for state in _situation(opened, knowledge).states}
    said, console, given = load_words(), Console(), 0
    try:
        for chapter in load_areas():
            if area and chapter.id != area:
                continue
            asked = [one for one in chapter.questions if again or states[one.id].state not in _DONE]
            if not asked:
                continue
            _chapter(chapter, len(asked), console, language)
            for question in asked:
                answer = _asked(states[question.id], said, console, language)
                if answer is None:
                    continue
                evidence = note = ""
                if answer in (ProcedureAnswer.YES, ProcedureAnswer.PARTIAL):
                    evidence = _prompt(said.say(language, "column.evidence"))
                if answer is not ProcedureAnswer.YES:
                    note = _prompt(said.say(language, "column.note"))
                now = datetime.now(UTC)
                event = answered(question, answer, by=by, ts=now, evidence=evidence, note=note)
                given += keep_answers(opened, (event,), now=now, source=by)
    except (_StopError, click.Abort):
        console.print()
    say = words(language)
    console.print(say.ngettext("{n} answer kept.", "{n} answers kept.", given), highlight=False)


class _StopError(Exception):
    """The person wants to stop."""


def _chapter(chapter: QuestionArea, count: int, console: Console, language: str) -> None:
    texts, say = chapter.texts[language], words(language)
    console.print()
    title = f"{texts.title} ({say.ngettext('{n} question', '{n} questions', count)})"
    console.rule(Text(title, style="bold"), align="left", style="dim")
    console.print(Text(texts.intro))


def _asked(state: QuestionState, said: Words, console: Console, language: str) -> ProcedureAnswer | None:
    """The answer, None to leave the question for later."""
    question, say = state.question, words(language)
    texts = question.texts[language]
    console.print()
    console.print(Text(f"{question.number}. {texts.question}", style="bold"))
    console.print(_indented(texts.why))
    for heading, text in ((N_("What good looks like: {text}"), texts.good), (N_("To show: {text}"), texts.evidence)):
        console.print(_indented(say.gettext(heading).format(text=text), "dim"))
    if state.state is not AnswerState.UNANSWERED:
        console.print(_indented(said.say(language, f"state.{state.state}"), "yellow"))
    for basis in _facts(state):
        told = visible(said.say(language, basis.message, basis.params), 1000)
        console.print(_indented(say.gettext(N_("Measured: {text}")).format(text=told), "cyan"))
    labels = {said.say(language, f"answer.{answer}"): answer for answer in ProcedureAnswer}
    proposed = said.say(language, f"answer.{state.proposal.answer}") if state.proposal else ""
    choices = ", ".join(labels)
    help_text = say.gettext(N_("{choices}; Enter leaves it for later, q stops")).format(choices=choices)
    if proposed:
        help_text = say.gettext(N_("{choices}; Enter takes “{proposed}”, s leaves it for later, q stops")).format(
            choices=choices, proposed=proposed
        )
    spellings = {text: answer for answer, texts in said.spellings.items() for text in texts} | labels
    while True:
        text = _prompt(help_text).casefold()
        if text == "q":
            raise _StopError
        if not text and proposed:
            return labels[proposed]
        if not text or text == "s":
            return None
        found = spellings.get(text) or next((value for label, value in labels.items() if label.startswith(text)), None)
        if found:
            return found


def _indented(text: str, style: str = "") -> Padding:
    """A paragraph under its question, every line of it."""
    return Padding(Text(text, style=style), (0, 0, 0, 3))


def _prompt(text: str) -> str:
    return str(click.prompt(f"   {text}", default="", show_default=False, prompt_suffix="\n   > ")).strip()


@procedures.command("export", short_help="Write the questions as a workbook to be answered by e-mail.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.xlsx")
@click.option(
    "--area",
    "areas",
    type=click.Choice([one.value for one in Area]),
    multiple=True,
    help="Only this area; may be repeated.",
)
@click.option("--contact", default="", metavar="ADDRESS", help="Whom the workbook is to be sent back to.")
@workspace_option
@knowledge_option
@language_option
def export_(
    file: Path, areas: tuple[str, ...], contact: str, workspace: Path, knowledge: Path | None, language: str
) -> None:
    """Write the questions, the answers so far and what was measured as a workbook for those who answer by e-mail."""
    from leadapron.know.procedures.spreadsheet import write_questionnaire

    found, said = _situation(_workspace(workspace, language), knowledge), load_words()
    data = write_questionnaire(
        (area for area in found.areas if not areas or area.id in areas),
        said,
        language,
        answers=found.assessment.declarations.answers,
        measured={state.id: text for state in found.states if (text := _measured(state, said, language))},
        contact=contact,
    )
    write_file(file, data)


def _workspace(path: Path, language: str) -> Workspace:
    """The workspace at `path`, made if there is none: questions can be answered before there is a capture."""
    made = not path.exists()
    opened = Workspace.open_or_create(path)
    if made:
        tell_new_workspace(path, language)
    return opened


def _measured(state: QuestionState, said: Words, language: str) -> str:
    return " ".join(visible(said.say(language, basis.message, basis.params), 1000) for basis in _facts(state))


def _facts(state: QuestionState) -> tuple[Basis, ...]:
    """What was measured of it, each fact once."""
    proposed = state.proposal.basis if state.proposal else ()
    return told_once((*state.against, *(basis for basis in proposed if basis not in state.against)))


@procedures.command("import", short_help="Take answers from a workbook.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.xlsx")
@workspace_option
@language_option
def import_(file: Path, workspace: Path, language: str) -> None:
    """Take the new answers of a workbook that came back; all of them, or none with the reason."""
    from leadapron.know.procedures.spreadsheet import read_questionnaire

    now = datetime.now(UTC)
    answers = read_questionnaire(read_file(file), file.name, questions_of(load_areas()), load_words(), now=now)
    kept = keep_answers(_workspace(workspace, language), answers, now=now, source=file.name)
    click.echo(words(language).ngettext("{n} answer kept.", "{n} answers kept.", kept))


@procedures.command(short_help="Scores by area, contradictions, and what would help most.")
@json_flag
@click.option(
    "--html", "html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page, with the coverage."
)
@workspace_option
@knowledge_option
@language_option
def show(as_json: bool, html: Path | None, workspace: Path, knowledge: Path | None, language: str) -> None:
    """Say where each area stands, what measurement contradicts, and which questions would raise it most."""
    from leadapron.report.practices import (
        coverage_document,
        procedures_document,
        render_practices_html,
        render_procedures,
    )

    found = _situation(Workspace.open(workspace), knowledge)
    assessed = document(found.assessment, load_rules(), language)
    result = procedures_document(found.states, assessed)
    if html:
        covered = coverage_document(found.covered, found.states, assessed, frameworks=found.frameworks)
        write_file(html, render_practices_html(result, covered, zone=local_zone()).encode())
    if as_json:
        click.echo(encode(result), nl=False)
    else:
        render_procedures(result, Console(), zone=local_zone())


def _situation(workspace: Workspace, knowledge: Path | None) -> Situation:
    return situation(workspace, load_rules(), load_world(knowledge_folder(knowledge)), now=datetime.now(UTC))
