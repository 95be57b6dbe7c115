"""Ports that answer, held against those that the maker lists in its form.

A list is used only where it can be read as whole: text that points elsewhere, gives examples or was cut is none. All
numbers of such a text count as listed: to miss a stray port is better than to accuse a maker wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from leadapron.assess.hits import Case, Hit
from leadapron.assess.quoting import answer_citation, own_words, sources
from leadapron.model.declared import Declared
from leadapron.model.events import FormAnswer, Service
from leadapron.model.findings import Confidence
from leadapron.model.inventory import Asset, Flow

LISTS_PORTS = ("CONN-2", "SAHD-8")
"""Questions on ports, in whose words some makers list them."""

WHOLE = 480
"""Characters of a text from which on its end may have been cut when it was kept."""

DYNAMIC = 49152
"""From here on ports are handed out on demand (RFC 6335 §6): remote procedure calls, FTP data."""

_MARK = re.compile(r"\b(?:ports?|tcp|udp)\b")
_SURE = re.compile(r"\b(?:ports?|tcp|udp)(?:\s|numbers?|nos?\.?|[:/#=(])*\d{1,5}\b|\b\d{1,5}\s*/?\s*\(?(?:tcp|udp)\b")
"""A number that is a port beyond doubt."""
_ELSEWHERE = re.compile(
    r"\b(?:see|refer|manuals?|guides?|documents?|documentation|annex|appendix|website|e\.?g|examples?|such as|"
    r"including|etc|others?|various|configurable|dynamic|not all|usb|serial|ethernet|physical|rj-?45|"
    r"voir|manuels?|annexe|par exemple|notamment|autres?|param[eé]trables?|configurables?|dynamiques?|physiques?|"
    r"siehe|handbuch)\b|…|\.\.\."
)
"""The list is elsewhere or not whole, or it is about sockets."""
_NO_PORT = re.compile(
    r"\d+(?:\.\d+)+|\b\d{4}-\d\d-\d\d\b|\b(?:rfc|iso|iec|hn|ps|sha|aes|ieee|version|v|note|notes)[\s#/-]*\d+(?:-\d+)*"
)
_PORTS = re.compile(r"(?<![\d.])(\d{1,5})(?!\d)(?:\s*(?:-|–|to|à)\s*(\d{1,5})(?!\d))?")
_CLOSED = re.compile(r"\b(?:nothing else|no others?|only|aucun autre|rien d.autre|uniquement|seulement)\b")
"""Words by which a list says that it is whole."""
_ENTRY = re.compile(r"[,;\n]|\.\s|\b(?:and|et)\b")
"""What stands between the entries of a list."""
_CALLED = {
    Service.SMB: ("smb", "cifs", "netbios", "file sharing"),
    Service.RDP: ("rdp", "remote desktop", "terminal services"),
    Service.HTTPS: ("https", "web server", "tls", "ssl"),
    Service.TLS: ("https", "tls", "ssl"),
    Service.DICOM_TLS: ("dicom", "tls"),
    Service.MSSQL: ("mssql", "sql server", "sql"),
    Service.HTTP: ("http", "web server"),
}
"""Names under which lists mention a service, beside its own."""


class PortList(Struct, frozen=True):
    """What a list says, where it could be read."""

    ranges: tuple[tuple[int, int], ...]
    named: tuple[str, ...]
    """Entries that name something without its port."""
    closed: bool
    """It says that there is nothing else."""

    def has(self, port: int) -> bool:
        """Whether a port stands in it."""
        return any(low <= port <= high for low, high in self.ranges)

    def allows(self, flow: Flow) -> bool:
        """Whether it has the port of a flow, or names its service without a port."""
        names = _CALLED.get(flow.service, (flow.service.value,))
        return self.has(flow.port) or any(
            re.search(rf"\b{re.escape(name)}\b", entry) for name in names for entry in self.named
        )


def unlisted_port(case: Case) -> Iterator[Hit]:
    """A server that answers on a port that its maker's list lacks; likely when the list says that it is whole, or when
    the server does answer on a port of it."""
    flow = case.flow
    server = case.view.assets.get(flow.server) if flow else None
    if flow is None or server is None or server.systems_behind > 1:
        return
    if flow.service is Service.UNKNOWN and flow.port >= DYNAMIC:
        return
    said = case.view.declared(server.id)
    answers = _lists(said)
    read = [read_ports(own_words(answer)) for answer in answers]
    lists = [one for one in read if one is not None and not one.allows(flow)]
    if not lists or len(lists) < len(read):
        return
    name = "port " if flow.service is Service.UNKNOWN else f"{flow.service}/"
    fits = any(one.closed or any(map(one.has, _answered(server))) for one in lists)
    yield Hit(
        flow=flow,
        citations=tuple(answer_citation(said, answer) for answer in answers),
        values={"ports": (f"{name}{flow.port}",), "document": sources(answers)},
        confidence=Confidence.LIKELY if fits else Confidence.POSSIBLE,
    )


@lru_cache(maxsize=1024)
def read_ports(text: str) -> PortList | None:
    """The ports that a text lists, None when it is no list or may not be all of one."""
    words, closings = _CLOSED.subn(" ", text.casefold())
    plain = _NO_PORT.sub(" ", words)
    if len(text) >= WHOLE or not _SURE.search(plain) or _ELSEWHERE.search(words):
        return None
    entries = _ENTRY.split(plain)
    found = [(int(low), int(high or low)) for entry in entries for low, high in _PORTS.findall(entry)]
    ranges = tuple((low, high) for low, high in found if 0 < low <= high <= 65535)
    named = tuple(entry for entry in entries if not _PORTS.search(entry))
    return PortList(ranges, named, closings > 0) if ranges else None


def _lists(said: Declared) -> tuple[FormAnswer, ...]:
    """Answers whose words speak of ports with numbers."""
    given = (said.form[question] for question in LISTS_PORTS if question in said.form)
    return tuple(answer for answer in given if _MARK.search(own_words(answer).casefold()))


def _answered(server: Asset) -> tuple[int, ...]:
    """Ports of `service/port`."""
    ports = (service.rpartition("/")[2] for service in server.services)
    return tuple(int(port) for port in ports if port.isdigit())
