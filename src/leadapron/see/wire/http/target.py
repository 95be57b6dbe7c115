"""What a request target is for, and its path with everything taken out that could point to a person."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from leadapron.model.events import HttpApi
from leadapron.see.wire.http.words import (
    DICOM_COLLECTIONS,
    DICOMWEB_SERVICES,
    FHIR_TYPES,
    KNOWN_SEGMENTS,
    ORTHANC_ALONE,
    ORTHANC_TOOLS,
    PAGE_ENDINGS,
    QIDO_PARAMETERS,
)

MAX_SEGMENTS: Final = 12
MAX_PARAMETERS: Final = 64
IDENTIFIER: Final = "{id}"
MORE: Final = "…"

_AUTHORITY: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}[0-9]{0,2}")
_VERSION: Final = re.compile(r"[vVrR][0-9]{1,2}(?:\.[0-9]{1,2})?")
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]{8,}")
_DICOM_UID: Final = re.compile(r"[0-2](?:\.[0-9]+){3,}")
_ORTHANC_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){4}")


class Target(Struct, frozen=True):
    """`path` is a shape; `parameters` are names of the query in lower case, for judgement only, never kept."""

    path: str
    api: HttpApi
    ambiguous: bool
    """The path fits DICOMweb, Orthanc and others alike; the type of the answer decides."""
    at_root: bool
    parameters: tuple[str, ...]

    def api_answered_with(self, content_type: str) -> HttpApi:
        """The API once the type of the answer is known."""
        if "application/fhir+" in content_type:
            return HttpApi.FHIR
        if not self.ambiguous or not content_type or "dicom" in content_type:
            return self.api
        json = content_type.startswith("application/json")
        return HttpApi.ORTHANC if json and self.at_root else HttpApi.OTHER


def read_target(method: str, target: bytes, media_types: str) -> Target:
    """`media_types`: what the request sends and accepts, in lower case."""
    if method == "CONNECT" or target == b"*":
        return Target("*" if target == b"*" else "", HttpApi.OTHER, False, False, ())
    text = target.decode("latin-1")
    found = _AUTHORITY.match(text)
    if found:
        text = text[found.end() :] or "/"
    path, _, query = text.partition("#")[0].partition("?")
    segments = [segment.partition(";")[0] for segment in path.split("/")[1:]]
    parameters = query.split("&")[:MAX_PARAMETERS]
    names = tuple(parameter.partition("=")[0].lower() for parameter in parameters)
    wado = any(parameter.lower() == "requesttype=wado" for parameter in parameters)
    api, ambiguous = (HttpApi.DICOMWEB, False) if wado else _api(segments, names, media_types)
    return Target(_shape(segments), api, ambiguous, segments[:1] != [] and _is_collection(segments[0]), names)


def _shape(segments: list[str]) -> str:
    """The first segment names an application if more follow; deeper ones are kept only if they are known words."""
    shown = []
    for place, segment in enumerate(segments[:MAX_SEGMENTS]):
        application = place == 0 and len(segments) > 1 and _PLAIN.fullmatch(segment)
        kept = not segment or _is_known(segment) or (application and not _HEXADECIMAL.fullmatch(segment))
        shown.append(segment if kept else IDENTIFIER)
    if len(segments) > MAX_SEGMENTS:
        shown.append(MORE)
    return "/" + "/".join(shown)


def _is_known(segment: str) -> bool:
    stem, dot, ending = segment.rpartition(".")
    if dot and ending.lower() in PAGE_ENDINGS:
        return stem.lower() in KNOWN_SEGMENTS
    return segment.lower() in KNOWN_SEGMENTS or segment in FHIR_TYPES or _VERSION.fullmatch(segment) is not None


def _is_collection(segment: str) -> bool:
    return segment in DICOM_COLLECTIONS or segment == "patients"


def _api(segments: list[str], parameters: tuple[str, ...], media_types: str) -> tuple[HttpApi, bool]:
    """The API, and whether only the answer can confirm it."""
    words = {segment.lower() for segment in segments[:MAX_SEGMENTS]}
    collections = words & DICOM_COLLECTIONS
    if "application/dicom+" in media_types or words & DICOMWEB_SERVICES or (collections and "rs" in words):
        return HttpApi.DICOMWEB, False
    if "application/fhir+" in media_types or "fhir" in words or FHIR_TYPES.intersection(segments[:MAX_SEGMENTS]):
        return HttpApi.FHIR, False
    if _is_orthanc(segments):
        return HttpApi.ORTHANC, False
    if not collections:
        return (HttpApi.ORTHANC, True) if segments[:1] == ["patients"] else (HttpApi.OTHER, False)
    surely = (
        any(_DICOM_UID.fullmatch(segment) for segment in segments)
        or "multipart/related" in media_types
        or not QIDO_PARAMETERS.isdisjoint(parameters)
    )
    return HttpApi.DICOMWEB, not surely


def _is_orthanc(segments: list[str]) -> bool:
    """Paths of Orthanc's own REST interface (Orthanc Book, "REST API")."""
    first, *others = [segment.lower() for segment in segments if segment] or [""]
    if first in ("orthanc", "modalities", "osimis-viewer", "stone-webviewer"):
        return True
    if first == "tools" and others:
        return others[0] in ORTHANC_TOOLS
    if first == "app" and others[:1] == ["explorer.html"]:
        return True
    if _is_collection(first) and others:
        return _ORTHANC_ID.fullmatch(others[0]) is not None
    return first in ORTHANC_ALONE and not others
