"""Short answers of the guard's commands, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from leadapron.model.events import GuardNotice
from leadapron.model.guard import Policy
from leadapron.report.hostile import harmless
from leadapron.report.words import N_, Words, words


def sound_policy(listeners: int, rules: int, warnings: int, language: str) -> str:
    """What `guard check` says of a policy without problems."""
    say = words(language)
    return say.gettext("The policy can be used: {listeners}, {rules}, {warnings}.").format(
        listeners=say.ngettext("{n} listener", "{n} listeners", listeners),
        rules=say.ngettext("{n} rule", "{n} rules", rules),
        warnings=say.ngettext("{n} warning", "{n} warnings", warnings),
    )


def unsound_policy(problems: int, language: str) -> str:
    """What `guard check` says after the problems of a policy."""
    return words(language).ngettext(
        "The policy cannot be used: {n} problem. A guard that runs keeps the one before.",
        "The policy cannot be used: {n} problems. A guard that runs keeps the one before.",
        problems,
    )


def suggestion(policy: Policy, suspects: Sequence[str], language: str) -> Iterator[str]:
    """What `guard suggest` says of its policy."""
    say = words(language)
    _ = say.gettext
    yield say.ngettext(
        "{n} rule allows what was seen. The last rule denies the rest, in shadow: it blocks nothing yet.",
        "{n} rules allow what was seen. The last rule denies the rest, in shadow: it blocks nothing yet.",
        len(policy.rules) - 1,
    )
    if suspects:
        yield say.ngettext(
            "No rule was made for what looks like an attack or was always refused, from {n} address: {which}.",
            "No rule was made for what looks like an attack or was always refused, from {n} addresses: {which}.",
            len(suspects),
            which=", ".join(harmless(tuple(suspects))),
        )
    yield _("Correct the listeners' addresses, rehearse it with `guard replay`, then run it.")


_REMARKS = {
    "suggest.rare": N_("Seen on one connection only: still in use?"),
    "suggest.wide": N_("Asks for everything at once: who needs that?"),
    "suggest.moves": N_("Has objects sent to other devices: are all these destinations right?"),
    "suggest.no-identity": N_("Reads without saying who asks."),
}


def remarks(found: Mapping[str, Sequence[str]], language: str) -> Mapping[str, tuple[str, ...]]:
    """Name of a rule → what a person should ask about it."""
    say = words(language)
    return {rule: tuple(say.gettext(_REMARKS[message]) for message in said) for rule, said in found.items()}


NOTICES = {
    "guard.started": N_("The guard is standing."),
    "guard.stopping": N_("The guard is stopping: nobody new is let in."),
    "guard.stopped": N_("The guard has stopped."),
    "guard.crowded": N_("Memory is short: nobody new is let in until it is not."),
    "guard.roomy": N_("There is memory again: everybody is let in."),
    "guard.fault": N_("A connection was ended because of a fault of the guard; please report it."),
    "guard.clock": N_("This machine's clock was set: hours of rules and ends of certificates go by the new time."),
    "guard.no-files": N_("No more files may be opened: nobody new is let in; raise LimitNOFILE."),
    "policy.loaded": N_("A changed policy is in force."),
    "policy.broken": N_("The policy file is broken; the one before stays in force."),
    "listener.lost": N_("A listener cannot accept any more."),
    "break-glass.opened": N_("The glass is broken: rules stop nothing until it is closed."),
    "break-glass.closed": N_("The glass was closed."),
    "break-glass.ended": N_("The time of the broken glass is over."),
    "certificate.loaded": N_("A renewed certificate is in use."),
    "certificate.broken": N_("A certificate file is broken; the one before stays in use."),
    "certificate.expires": N_("A certificate ends soon."),
    "certificate.expired": N_("A certificate has ended."),
    "certificate.early": N_("A certificate is not valid yet: is this machine's clock right?"),
    "audit.writing": N_("Audit messages are written again."),
    "audit.full": N_("The audit spool is full: messages are lost."),
    "audit.broken": N_("The audit spool cannot be written."),
    "audit.damaged": N_("The audit spool is damaged: some messages were lost."),
    "audit.reached": N_("The audit collector is there again."),
    "audit.unreachable": N_("The audit collector cannot be reached: messages wait on disk."),
    "journal.full": N_("The journal cannot be written: events wait in memory."),
    "journal.written": N_("The journal is written again."),
    "journal.lost": N_("The journal could not be written until the end: events are lost."),
    "workspace.unwritable": N_("The workspace cannot be written: events wait in the journal."),
    "tokens.unreachable": N_("The issuer of tokens cannot be reached: its last keys stay in use."),
    "tokens.broken": N_("The issuer of tokens gave no usable key: its last keys stay in use."),
    "quarantine.full": N_("Quarantine cannot be written."),
}


def notice_line(notice: GuardNotice, language: str, zone: tzinfo) -> str:
    """One line for the terminal or the log of the service."""
    say = words(language, zone=zone)
    sentence = say.gettext(NOTICES[notice.name]) if notice.name in NOTICES else notice.name
    until = _until(notice.until, say) if notice.until else ""
    details = ", ".join(
        part for part in (notice.listener, notice.person, until, notice.detail.replace("\n", "; ")) if part
    )
    mark = "!" if notice.alarm else " "
    return f"{mark} {say.moment(notice.ts)}  {sentence}{f' ({details})' if details else ''}"


def _until(time: str, say: Words) -> str:
    return say.gettext("until {time}").format(time=say.moment(datetime.fromisoformat(time)))


def reloaded(digest: str, language: str) -> str:
    """What `guard reload` says when the guard has taken up the file."""
    return words(language).gettext("The policy is in force: {digest}.").format(digest=digest)


def opened_glass(until: str, listener: str, language: str, zone: tzinfo) -> str:
    """What `guard break-glass` says when it is open."""
    say = words(language, zone=zone)
    where = f" ({listener})" if listener else ""
    return say.gettext("The glass is broken{where}: rules stop nothing {until}. Close it before with --close.").format(
        where=where, until=_until(until, say)
    )


def closed_glass(count: int, language: str) -> str:
    """What `guard break-glass --close` says."""
    message = NOTICES["break-glass.closed"] if count else N_("The glass was not broken.")
    return words(language).gettext(message)


def empty_quarantine(language: str) -> str:
    """What `guard quarantine list` says where nothing was stopped."""
    return words(language).gettext("Quarantine is empty.")


def exhibit_line(name: str, when: datetime, who: str, why: str, size: int, language: str, zone: tzinfo) -> str:
    """One object in quarantine: the name by which it is opened, then what is known."""
    say = words(language, zone=zone)
    return f"{name}  {' · '.join(part for part in (say.moment(when), who, why, say.size(size)) if part)}"
