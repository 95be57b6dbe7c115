"""What is known of a product, how old the sources are, and what an update brought: as JSON and on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leadapron.know.feeds.outcome import Outcome, UpdateReport
from leadapron.know.matching.reasons import Sentence
from leadapron.model.advisories import Answer, Answers, Feed, FeedState, Verdict
from leadapron.report.hostile import harmless
from leadapron.report.words import N_, Language, Words

_VERDICTS = {
    Verdict.AFFECTED: (N_("affected"), "bold red"),
    Verdict.NOT_AFFECTED: (N_("not affected"), "green"),
    Verdict.REVIEW: (N_("to be checked"), "yellow"),
}
_STATES = {
    FeedState.FRESH: (N_("up to date"), "green"),
    FeedState.STALE: (N_("STALE"), "bold red"),
    FeedState.MISSING: (N_("MISSING"), "bold red"),
}
_OUTCOMES = {
    Outcome.NEW: N_("new"),
    Outcome.UNCHANGED: N_("nothing new"),
    Outcome.OLDER: N_("older than what is held; left out"),
    Outcome.FAILED: N_("FAILED"),
}
_FEEDS = {
    "advisories": N_("CISA ICS and medical advisories"),
    "overlay": N_("Imaging advisories, read by a person"),
    "kev": N_("Flaws known to be used by attackers (CISA KEV)"),
    "epss": N_("Probability of attack (FIRST EPSS)"),
    "endoflife": N_("Ends of support (endoflife.date)"),
}


class FeedEntry(Struct, frozen=True, kw_only=True):
    """A source of knowledge and its age."""

    id: str
    title: str
    source: str
    as_of: date | None
    """Newest date in the data itself."""
    age_days: int | None
    state: FeedState
    records: int
    sha256: str
    verified: str
    """How its origin was checked: `signature`, `hash`, `bundle`, or empty."""


class AnswerEntry(Struct, frozen=True, kw_only=True):
    """What one advisory means for the product asked about."""

    advisory: str
    title: str
    url: str
    published: date
    verdict: Verdict
    cves: tuple[str, ...]
    cvss: float | None
    cvss_vector: str
    kev: bool
    """Attackers are known to use one of the flaws."""
    kev_cves: tuple[str, ...]
    ransomware: bool
    epss: float | None
    """None: no feed says."""
    vendor: str
    product: str
    constraint: str
    """Versions it means, in its words."""
    reason: str
    reason_id: str
    fixed: str
    curated: bool
    """A person read the advisory and wrote its versions down."""


class AnswersDocument(Struct, frozen=True, kw_only=True):
    """All that is known of one product."""

    vendor: str
    product: str
    version: str
    vendor_known: bool
    product_known: bool
    similar: tuple[str, ...]
    answers: tuple[AnswerEntry, ...]
    feeds: tuple[FeedEntry, ...]


def feed_entries(feeds: Iterable[Feed], today: date, say: Words) -> tuple[FeedEntry, ...]:
    """Feeds with their age on `today`."""
    return tuple(
        FeedEntry(
            id=feed.id,
            title=say.gettext(_FEEDS[feed.id]) if feed.id in _FEEDS else feed.title,
            source=feed.source,
            as_of=feed.as_of,
            age_days=(today - feed.as_of).days if feed.as_of else None,
            state=feed.state(today),
            records=feed.records,
            sha256=feed.sha256,
            verified=feed.verified,
        )
        for feed in feeds
    )


def feed_state(feed: FeedEntry, say: Words) -> str:
    """Up to date, stale or missing, in words."""
    return say.gettext(_STATES[feed.state][0])


def verdict_name(verdict: Verdict, say: Words) -> str:
    """Affected, not affected or to be checked, in words."""
    return say.gettext(_VERDICTS[verdict][0])


def answers_document(
    answers: Answers, feeds: Iterable[Feed], reasons: Mapping[str, Sentence], today: date, say: Words
) -> AnswersDocument:
    """The answers in words."""
    safe = harmless(answers)
    return AnswersDocument(
        vendor=safe.product.vendor,
        product=safe.product.name,
        version=safe.product.version,
        vendor_known=safe.vendor_known,
        product_known=safe.product_known,
        similar=safe.similar,
        answers=tuple(_answer(answer, reasons, say) for answer in safe.answers),
        feeds=feed_entries(harmless(tuple(feeds)), today, say),
    )


def _answer(answer: Answer, reasons: Mapping[str, Sentence], say: Words) -> AnswerEntry:
    return AnswerEntry(
        advisory=answer.advisory,
        title=answer.title,
        url=answer.url,
        published=answer.published,
        verdict=answer.verdict,
        cves=answer.cves,
        cvss=answer.cvss,
        cvss_vector=answer.cvss_vector,
        kev=bool(answer.exploited),
        kev_cves=answer.exploited,
        ransomware=answer.ransomware,
        epss=answer.epss,
        vendor=answer.vendor,
        product=answer.product,
        constraint=answer.constraint,
        reason=reason(answer, reasons, say),
        reason_id=answer.reason,
        fixed=answer.fixed,
        curated=answer.curated,
    )


def reason(answer: Answer, reasons: Mapping[str, Sentence], say: Words) -> str:
    """Why the answer is what it is, in words; an id without a sentence, of a newer program, stays as it is."""
    sentence = reasons.get(answer.reason)
    return sentence.said(answer.params, french=say.language is Language.FR) if sentence else answer.reason


def render_answers(document: AnswersDocument, console: Console, say: Words) -> None:
    """Answers on the terminal, the worst first, and what their absence does not mean."""
    asked = " ".join(filter(None, (document.vendor, document.product, document.version)))
    console.print(Text(asked, style="bold"))
    for line in unknown_lines(document, say):
        console.print(Text(line, style="yellow"))
    for answer in document.answers:
        console.print()
        word, style = _VERDICTS[answer.verdict]
        heading = Text.assemble((say.gettext(word).capitalize(), style), "  ", (answer.advisory, "bold"), "  ")
        heading.append(answer.title)
        console.print(heading)
        if answer.kev:
            told = say.gettext(N_("Attackers are known to use: {cves}")).format(cves=say.joined(answer.kev_cves))
            console.print(Text(f"   {told}", style="bold red"))
        for line in _lines(answer, say):
            console.print(Text(f"   {line}"))
    console.print()
    for feed in document.feeds:
        console.print(Text(feed_line(feed, say), style="dim" if feed.state is FeedState.FRESH else "yellow"))


def unknown_lines(document: AnswersDocument, say: Words) -> list[str]:
    """What must be said so that silence is not taken for safety."""
    lines = []
    if not document.vendor and not document.product_known:
        lines.append(
            say.gettext(N_("Without its maker, only a few products are recognised: name it with --vendor. This is no "
                           "sign of safety."))
        )  # fmt: skip
    elif not document.vendor_known:
        lines.append(say.gettext(N_("No advisory held here names this maker. That is not a sign of safety: ask it.")))
    elif not document.product_known:
        lines.append(
            say.gettext(
                N_("The maker is known, this product is in no advisory held here. That is not a sign of safety.")
            )
        )
    if document.similar:
        lines.append(say.gettext(N_("Similar names that are known: {names}")).format(names="; ".join(document.similar)))
    return lines


def _lines(answer: AnswerEntry, say: Words) -> Iterable[str]:
    yield answer.reason
    score = f"CVSS {say.number(answer.cvss)}" if answer.cvss is not None else say.gettext(N_("no CVSS published"))
    chance = (
        say.gettext(N_("EPSS {share}")).format(share=say.percent(answer.epss))
        if answer.epss is not None
        else say.gettext(N_("EPSS not available"))
    )
    shown = ", ".join(answer.cves[:6]) + (f" … (+{len(answer.cves) - 6})" if len(answer.cves) > 6 else "")
    yield " · ".join(filter(None, (shown, score, chance)))
    if answer.fixed:
        yield say.gettext(N_("Repaired in: {version}")).format(version=answer.fixed)
    if answer.url:
        yield answer.url


def feed_line(feed: FeedEntry, say: Words) -> str:
    """A feed and its age in one line."""
    word, _ = _STATES[feed.state]
    if feed.as_of is None:
        return say.gettext(N_("{source}: {state}")).format(source=feed.title, state=say.gettext(word))
    day = say.day(datetime.combine(feed.as_of, datetime.min.time(), tzinfo=say.zone))
    age = say.ngettext("{n} day old", "{n} days old", feed.age_days or 0)
    line = say.gettext(N_("{source}: {day} ({age})")).format(source=feed.title, day=day, age=age)
    return line if feed.state is FeedState.FRESH else f"{line} {say.gettext(word)}"


def render_status(feeds: Iterable[FeedEntry], console: Console, say: Words) -> None:
    """Every feed with its age, loud when stale."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (N_("Source"), N_("Newest entry"), N_("Age"), N_("Entries"), N_("State")):
        table.add_column(say.gettext(heading), overflow="fold")
    loud = False
    for feed in feeds:
        word, style = _STATES[feed.state]
        loud = loud or feed.state is not FeedState.FRESH
        table.add_row(
            feed.title,
            feed.as_of.isoformat() if feed.as_of else "—",
            say.ngettext("{n} day", "{n} days", feed.age_days) if feed.age_days is not None else "—",
            say.number(feed.records),
            Text(say.gettext(word), style=style),
        )
    console.print(table)
    if loud:
        console.print()
        advice = N_(
            "Old sources hide new flaws. Run `leadapron knowledge update` on a machine with internet access; carry the "
            "result to this one with `leadapron knowledge export` and `import`."
        )
        console.print(Text(say.gettext(advice), style="bold red"))


def render_update(report: UpdateReport, console: Console, say: Words) -> None:
    """What became of each feed, and what was refused."""
    safe = harmless(report)
    for update in safe.updates:
        held = update.feed.as_of if update.feed else None
        text = Text.assemble((update.id, "bold"), ": ", say.gettext(_OUTCOMES[update.outcome]))
        if held:
            text.append(f" ({held.isoformat()})")
        if update.error:
            text.append(f" {update.error}", style="red")
        console.print(text)
        for how, count in update.verified.items():
            checked = _VERIFIED.get(how, N_("checked by TLS alone: {n}"))
            console.print(Text(f"   {say.gettext(checked).format(n=say.number(count))}"))
        for remark in update.remarks:
            console.print(Text(f"   {say.gettext(_NOTES[remark.note]).format_map(remark.params)}", style="yellow"))
    for refused in (*safe.refused, *(one for update in safe.updates for one in update.refused)):
        console.print(Text(f"{say.gettext(N_('Refused'))}: {refused.reason}", style="red"))


_VERIFIED = {
    "signature": N_("signature and hash checked: {n}"),
    "hash": N_("hash checked: {n}"),
    "": N_("checked by TLS alone: {n}"),
}
_NOTES = {
    "keys-pinned": N_("First contact: the provider’s signing keys were remembered ({fingerprints})."),
    "keys-changed": N_("The provider names other signing keys than those remembered; they are not trusted."),
    "no-signatures": N_("The provider signs nothing."),
    "restricted": N_("Feeds that are not public were left out: {count}"),
    "rows-left-out": N_("Entries without a sound address were left out: {count}"),
}
