"""Values that findings' sentences hold, as people write them: `DICOMweb` for `dicomweb`, `and 9 more` for `… (+9)`.

The assessment writes values that no language changes; what they mean is said here. A value that nothing here knows
stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from leadapron.assess.findings import NOT_SEEN
from leadapron.model.events import DeclaredAnswer, Service
from leadapron.report.vocabulary import anomaly, interface, security, service_name
from leadapron.report.words import N_, Words

_LISTED = re.compile(r"(?P<names>.*) … \(\+(?P<n>\d+)\)", re.DOTALL)
"""`a, b … (+3)`: a list, and how many more there are."""
_DOOR = re.compile(r"\((?P<service>[a-z0-9-]+)/(?P<port>\d+)\)")
"""`(smb/445)`."""
_WAY = re.compile(r"(?P<service>[a-z0-9-]+)/(?P<port>\d+)(?= \()")
"""`dicom/104 (CT01)`."""
_SWEPT = re.compile(r"(?P<n>\d+) × port (?P<port>\d+)")
_NO_APPLICATION = " (MSH-3 —)"
_REFUSED = "A-ASSOCIATE-RJ"


def spelled(name: str, value: str | int, say: Words) -> str:
    """The parameter `name` of a sentence in words; `NOT_SEEN` stays, for the sentence to leave its place out."""
    text = str(value)
    if text == NOT_SEEN:
        return text
    more = _LISTED.fullmatch(text)
    names = _each(name, more["names"] if more else text, say)
    return say.gettext("{names} and {n} more").format(names=names, n=say.number(int(more["n"]))) if more else names


def _each(name: str, text: str, say: Words) -> str:
    word = _WORDS.get(name)
    if word is not None:
        return ", ".join(word(one, say) for one in text.split(", "))
    if name in ("tried", "reached"):
        return _SWEPT.sub(lambda sweep: _swept(sweep, say), _DOOR.sub(lambda door: _door(door, say), text))
    if name in ("shown", "strangers", "uncertified", "unsigned"):
        return _WAY.sub(lambda way: f"{_service(way['service'], say)} {way['port']}", text)
    return text.replace(_NO_APPLICATION, "") if name == "odd" else text


def _service(text: str, say: Words) -> str:
    try:
        return service_name(Service(text), say)
    except ValueError:
        return say.gettext(N_("unrecognised")) if text == "?" else text


def _door(door: re.Match[str], say: Words) -> str:
    return f"({_service(door['service'], say)}, port {door['port']})"


def _swept(sweep: re.Match[str], say: Words) -> str:
    return say.ngettext(
        "port {port} of {n} address", "port {port} of {n} addresses", int(sweep["n"]), port=sweep["port"]
    )


def _done(text: str, say: Words) -> str:
    return say.gettext(N_("connections that were refused")) if text == _REFUSED else text


_ANSWERS = {
    DeclaredAnswer.YES: N_("yes"),
    DeclaredAnswer.NO: N_("no"),
    DeclaredAnswer.NOT_APPLICABLE: N_("does not apply"),
    DeclaredAnswer.NOTE: N_("see its note"),
    DeclaredAnswer.OPTIONAL: N_("optional"),
    DeclaredAnswer.BLANK: N_("left blank"),
}


def _answered(text: str, say: Words) -> str:
    """`AUTH-2 = no`."""
    question, equals, answer = text.partition(" = ")
    try:
        return f"{question}{equals}{say.gettext(_ANSWERS[DeclaredAnswer(answer)])}"
    except ValueError:
        return text


_WORDS: Mapping[str, Callable[[str, Words], str]] = {
    "service": _service,
    "http_apis": interface,
    "http_anonymous_ok": interface,
    "security": security,
    "anomalies": anomaly,
    "done": _done,
    "answers": _answered,
}
"""Parameters whose values are members of a closed set, one by one."""
