"""What a format is given, and the sentences every format says: the header of a file and the remark of a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from textwrap import shorten, wrap

from msgspec import Struct

from leadapron.model.segmentation import Allow, Standing
from leadapron.rules.lint import placeholders
from leadapron.whatif.segment.export.names import LONG_LABEL, ascii_text, plain
from leadapron.whatif.segment.export.plan import Entry, Plan
from leadapron.whatif.segment.export.spans import Family

_LINE = 100
_ID = 60
_CUT = "..."


class Job(Struct, frozen=True, kw_only=True):
    """One export: the rules, in one language, for one device or all."""

    plan: Plan
    sentences: Mapping[str, str]
    """Of the language: message id → sentence with `{parameters}`."""
    device: str = ""
    made: datetime

    def say(self, message: str, **params: str | int) -> str:
        """One of our sentences, in ASCII."""
        return ascii_text(self.sentences[message].format_map(params))

    def note(self, rule: Allow, limit: int) -> str:
        """What a rule is, safe in every format: ASK or REFUSED first, then id, service, use, and why."""
        last = f"{rule.last_seen:%Y-%m-%d}" if rule.last_seen else ""
        note = self.say(
            "export.seen" if last else "export.unseen",
            rule=plain(rule.id, _ID),
            service=rule.service.value,
            connections=rule.connections,
            last=last,
        )
        if rule.standing is not Standing.KEEP:
            note = self.say(f"export.{rule.standing.value}", note=note)
        note = plain(note, limit)
        room = limit - len(note) - len(": ")
        reason = plain(self._reason(rule), LONG_LABEL) if room > len(_CUT) else ""
        said = shorten(reason, room, placeholder=_CUT) if reason else ""
        return note if said in ("", _CUT) else f"{note}: {said}"

    def _reason(self, rule: Allow) -> str:
        """The sentence of the rule's reason; its bare id where the words are not ours (a rules file)."""
        sentence = self.sentences.get(rule.reason, "")
        if not sentence or not placeholders(sentence) <= rule.params.keys():
            return rule.reason
        return sentence.format_map(rule.params)


class Format(Struct, frozen=True, kw_only=True):
    """One format of export."""

    name: str
    ending: str
    """Of its files."""
    description: str
    """Message id."""
    per_device: bool = False
    """One file a device; `device` may then choose one."""
    render: Callable[[Job], Mapping[str, str]]
    """File name → text."""


class Commands(Struct, frozen=True, kw_only=True):
    """What a person types; nothing here is ever run by us."""

    before: Sequence[str] = ()
    """Prepares the way back."""
    check: Sequence[str] = ()
    apply: Sequence[str]
    keep: Sequence[str] = ()
    """Once everything works: stops what would go back by itself."""
    back: Sequence[str]


def header(job: Job, format_name: str, commands: Commands | None, remarks: Sequence[str] = ()) -> list[str]:
    """Lines without the format's comment sign: what this is, what to do first, and how to go back."""
    rules = {entry.slug: entry.rule for entry in job.plan.entries}.values()
    counts = {standing: sum(rule.standing is standing for rule in rules) for standing in Standing}
    allowed = counts[Standing.KEEP] + counts[Standing.ASK]
    said = [
        job.say("export.title", format=format_name, made=f"{job.made:%Y-%m-%d}"),
        job.say("export.counts", allowed=allowed, asked=counts[Standing.ASK], refused=counts[Standing.REFUSE]),
        job.say("export.default"),
        *map(job.say, remarks),
        job.say("export.review"),
    ]
    if not any(area.spans[Family.V6] for area in job.plan.areas if not area.outside):
        said.append(job.say("export.no-ipv6"))
    lines = [line for sentence in said for line in wrap(sentence, _LINE)]
    return [*lines, *_typed(job, commands)] if commands else lines


def _typed(job: Job, commands: Commands) -> Iterator[str]:
    moments = {
        "before": commands.before,
        "check": commands.check,
        "apply": commands.apply,
        "keep": commands.keep,
        "back": commands.back,
    }
    for moment, typed in moments.items():
        if typed:
            yield job.say(f"export.{moment}")
            yield from (f"  {command}" for command in typed)


def commented(sign: str, lines: Sequence[str]) -> list[str]:
    """Each line behind the format's comment sign."""
    return [f"{sign} {line}".rstrip() for line in lines]


def text(lines: Sequence[str], newline: str = "\n") -> str:
    """The file."""
    return newline.join([*lines, ""])


def of_family(entries: Sequence[Entry], family: Family) -> tuple[Entry, ...]:
    """Those that say something of this family."""
    return tuple(entry for entry in entries if entry.family is family)
