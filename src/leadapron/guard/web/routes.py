"""What a request asks for (PS3.18 §9-11), told from method and target alone. Pure.

A table of resources: what is not in it has no way through, whatever the server behind could do with it. What goes on
is built anew from what was understood.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from msgspec import Struct

from leadapron.guard.web.searches import Search, read_search
from leadapron.guard.web.targets import Parameters, TargetError, query_text, read_target
from leadapron.model.guard import Operation, Task

UPS_PUSH: Final = "1.2.840.10008.5.1.4.34.6.1"
MAX_UID: Final = 64
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})

_UID: Final = r"[0-9]+(?:\.[0-9]+)*"
_STUDY: Final = rf"/studies/{_UID}"
_SERIES: Final = rf"{_STUDY}/series/{_UID}"
_INSTANCE: Final = rf"{_SERIES}/instances/{_UID}"
_OBJECT: Final = rf"(?:{_STUDY}|{_SERIES}|{_INSTANCE})"
_FRAMES: Final = rf"{_INSTANCE}/frames/[0-9]{{1,9}}(?:,[0-9]{{1,9}})*"
_OPAQUE: Final = r"(?:/[0-9A-Za-z_-][0-9A-Za-z._-]{0,63}){0,16}"
_AE_TITLE: Final = r"[0-9A-Za-z_-]{1,16}"
_UID_SEGMENT: Final = re.compile(_UID)
_NUMBERED: Final = re.compile(r"(?<=/)(?:[0-9]+(?:[.,][0-9]+)*)(?=/|$)")
_AFTER_BULK: Final = re.compile(r"(/bulk(?:data)?)/.*")
_SUBSCRIBER: Final = re.compile(r"(/subscribers)/[^/]+")


class Body(Enum):
    """What a request may bring with it."""

    NONE = auto()
    OBJECTS = auto()
    """multipart/related of DICOM instances (STOW-RS)."""
    ATTRIBUTES = auto()
    """One small DICOM JSON or XML data set (UPS-RS)."""


class Route(Struct, frozen=True, kw_only=True):
    """A request that was understood."""

    operation: Operation
    path: str
    """At the server behind."""
    parameters: Parameters = ()
    search: Search | None = None
    accept: str = ""
    """The type asked for in the query, which stands for the Accept field (§8.3.3.1)."""
    body: Body = Body.NONE

    def target(self, results: int = 0) -> str | None:
        """For the server behind; of a search at most `results` matches (0: any number). None: nothing is left."""
        parameters = self.search.bounded(results) if self.search else self.parameters
        if parameters is None:
            return None
        query = query_text(parameters)
        return f"{self.path}?{query}" if query else self.path


class Refusal(Struct, frozen=True):
    """Why a request has no way through, and how to say it in HTTP."""

    status: int
    detail: str


class _Resource(Struct, frozen=True):
    """One row: methods, a path below the root of the service, and what it means."""

    methods: frozenset[str]
    path: re.Pattern[str]
    task: Task
    level: str = ""
    body: Body = Body.NONE
    sop_class: str = ""
    keep: frozenset[str] = frozenset()
    """Parameters that go on; `search` tells those of a search."""
    search: bool = False
    narrow: bool = False
    """The path itself names what is searched in."""


def _row(
    methods: str, path: str, task: Task, *, keep: str = "", level: str = "", search: bool = False,
    narrow: bool = False, body: Body = Body.NONE, sop_class: str = "",
) -> _Resource:  # fmt: skip
    return _Resource(
        methods=frozenset(methods.split()), path=re.compile(path), task=task, level=level, body=body,
        sop_class=sop_class, keep=frozenset(keep.split()), search=search, narrow=narrow,
    )  # fmt: skip


_RENDERING: Final = "accept charset annotation quality viewport window iccprofile"
_WORKITEM: Final = rf"/workitems/{_UID}"
_READ: Final = "GET HEAD"

_RESOURCES: Final = (
    # QIDO-RS, Table 10.6.1-1
    _row(_READ, "/studies", Task.FIND, level="STUDY", search=True),
    _row(_READ, "/series", Task.FIND, level="SERIES", search=True),
    _row(_READ, "/instances", Task.FIND, level="IMAGE", search=True),
    _row(_READ, rf"{_STUDY}/series", Task.FIND, level="SERIES", search=True, narrow=True),
    _row(_READ, rf"(?:{_STUDY}|{_SERIES})/instances", Task.FIND, level="IMAGE", search=True, narrow=True),
    # WADO-RS, Tables 10.4.1-1 to 10.4.1-5
    _row(_READ, rf"{_OBJECT}(?:/metadata|/pixeldata)?", Task.GET, keep="accept charset"),
    _row(_READ, rf"{_OBJECT}/(?:rendered|thumbnail)", Task.GET, keep=_RENDERING),
    _row(_READ, rf"{_FRAMES}(?:/rendered|/thumbnail)?", Task.GET, keep=_RENDERING),
    _row(_READ, rf"(?:{_OBJECT})?/bulk(?:data)?{_OPAQUE}", Task.GET, keep="accept"),
    # STOW-RS, Table 10.5.1-1
    _row("POST", rf"/studies(?:/{_UID})?", Task.STORE, body=Body.OBJECTS),
    # deletion, which is no standard but common
    _row("DELETE", _OBJECT, Task.DELETE),
    # UPS-RS, Table 11.1-1. Its event channel is a WebSocket and stays closed.
    _row(_READ, "/workitems", Task.WORKLIST, search=True, sop_class=UPS_PUSH),
    _row(_READ, _WORKITEM, Task.WORKLIST, sop_class=UPS_PUSH),
    _row("POST", "/workitems", Task.NORMALISED, body=Body.ATTRIBUTES, sop_class=UPS_PUSH, keep="{uid}"),
    _row("POST", _WORKITEM, Task.NORMALISED, body=Body.ATTRIBUTES, sop_class=UPS_PUSH, keep="{uid}"),
    _row("PUT", rf"{_WORKITEM}/state(?:/{_AE_TITLE})?", Task.NORMALISED, body=Body.ATTRIBUTES, sop_class=UPS_PUSH),
    _row("POST", rf"{_WORKITEM}/cancelrequest(?:/{_AE_TITLE})?", Task.NORMALISED, body=Body.ATTRIBUTES,
         sop_class=UPS_PUSH),
    _row("POST DELETE", rf"{_WORKITEM}/subscribers/{_AE_TITLE}(?:/suspend)?", Task.NORMALISED, keep="deletionlock",
         sop_class=UPS_PUSH),
)  # fmt: skip

_WADO_URI: Final[dict[str, re.Pattern[str]]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "requestType": "WADO", "studyUID": _UID, "seriesUID": _UID, "objectUID": _UID, "transferSyntax": _UID,
        "presentationUID": _UID, "presentationSeriesUID": _UID, "contentType": r"[A-Za-z0-9.+*/;=, -]{1,256}",
        "charset": r"[A-Za-z0-9_;=.*, -]{1,64}", "anonymize": "yes", "annotation": "[a-z,]{1,32}",
        "rows": "[0-9]{1,6}", "columns": "[0-9]{1,6}", "region": "[0-9.,]{1,64}", "windowCenter": "[0-9.-]{1,16}",
        "windowWidth": "[0-9.-]{1,16}", "frameNumber": "[0-9]{1,9}", "imageQuality": "[0-9]{1,3}",
    }.items()
}  # fmt: skip
"""Parameters of WADO-URI and their form (§9.1.2)."""
_RENDERING_VALUE: Final = re.compile(r"[A-Za-z0-9.,;:=+*/_ -]{1,256}")


def route(method: str, raw: str, prefix: str = "") -> Route | Refusal:
    """Reads method and target of a request; `prefix` is the path of the service (`/dicom-web`), here as behind."""
    if method not in METHODS:
        return Refusal(405, "web.method")
    try:
        target = read_target(raw)
        if target.path in _wado_paths(prefix):
            return _wado_uri(method, target.path, target.parameters)
        if target.path != prefix and not target.path.startswith(f"{prefix}/"):
            return Refusal(404, "web.resource")
        return _below(method, prefix, target.path[len(prefix) :], target.parameters)
    except TargetError as error:
        return Refusal(400, str(error))


def shape(path: str) -> str:
    """A path without identifiers, for records."""
    return _SUBSCRIBER.sub(r"\1/{id}", _NUMBERED.sub("{id}", _AFTER_BULK.sub(r"\1/{id}", path)))


def _wado_paths(prefix: str) -> tuple[str, ...]:
    """Where WADO-URI may be: beside the service or below it (Orthanc: `/wado`; dcm4chee: `…/wado` beside `…/rs`)."""
    return "/wado", f"{prefix}/wado", f"{prefix.rpartition('/')[0]}/wado"


def _below(method: str, prefix: str, path: str, parameters: Parameters) -> Route | Refusal:
    matching = [resource for resource in _RESOURCES if resource.path.fullmatch(path)]
    if any(len(segment) > MAX_UID and _UID_SEGMENT.fullmatch(segment) for segment in path.split("/")):
        return Refusal(400, "web.uid")
    if method == "OPTIONS" and (matching or path in ("", "/")):
        operation = Operation(task=Task.ECHO, command=f"OPTIONS {shape(path or '/')}")
        return Route(operation=operation, path=prefix + path or "/")
    for resource in matching:
        if method in resource.methods:
            return _understood(method, prefix + path, path, resource, parameters)
    return Refusal(405, "web.method") if matching else Refusal(404, "web.resource")


def _understood(method: str, path: str, below: str, resource: _Resource, parameters: Parameters) -> Route:
    search = read_search(_without_accept(parameters)) if resource.search else None
    kept = () if resource.search else _kept(parameters, resource.keep)
    asked = [value for name, value in parameters if name == "accept"]
    if len(asked) > 1 or (asked and not _RENDERING_VALUE.fullmatch(asked[0])):
        raise TargetError("web.accept")
    operation = Operation(
        task=resource.task,
        command=f"{method} {shape(below)}",
        sop_class=resource.sop_class,
        level=resource.level,
        wide=search is not None and search.wide and not resource.narrow,
    )
    return Route(
        operation=operation, path=path, parameters=kept, search=search, accept=asked[0] if asked else "",
        body=resource.body,
    )  # fmt: skip


def _without_accept(parameters: Parameters) -> Parameters:
    return tuple(pair for pair in parameters if pair[0] != "accept")


def _kept(parameters: Parameters, keep: frozenset[str]) -> Parameters:
    """Parameters of a resource that is no search. `accept` goes on as a header field."""
    found: dict[str, str] = {}
    for name, value in parameters:
        bare_uid = "{uid}" in keep and not value and len(name) <= MAX_UID and _UID_SEGMENT.fullmatch(name)
        if name == "accept" or not (name in keep or bare_uid):
            continue
        if name in found:
            raise TargetError("web.parameter-twice")
        if not bare_uid and not _RENDERING_VALUE.fullmatch(value):
            raise TargetError("web.query")
        found[name] = value
    return tuple(found.items())


def _wado_uri(method: str, path: str, parameters: Parameters) -> Route | Refusal:
    if method not in ("GET", "HEAD"):
        return Refusal(405, "web.method")
    found: dict[str, str] = {}
    for name, value in parameters:
        form = _WADO_URI.get(name)
        if form is None:
            continue
        if name in found:
            return Refusal(400, "web.parameter-twice")
        if not form.fullmatch(value) or (form.pattern == _UID and len(value) > MAX_UID):
            return Refusal(400, "web.query")
        found[name] = value
    if not {"requestType", "studyUID", "seriesUID", "objectUID"} <= found.keys():
        return Refusal(400, "web.wado")
    operation = Operation(task=Task.GET, command=f"{method} /wado", transfer_syntax=found.get("transferSyntax", ""))
    return Route(operation=operation, path=path, parameters=tuple(found.items()))
