"""What a request asks for, told from its first line."""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.guard.web.routes import Body, Refusal, Route, route, shape
from leadapron.guard.web.searches import attribute_path
from leadapron.guard.web.targets import TargetError, query_text, read_target
from leadapron.model.guard import Task

S, SE, I = "/studies/1.2.3", "/studies/1.2.3/series/4.5", "/studies/1.2.3/series/4.5/instances/6.7"  # noqa: E741


def asked(method: str, path: str, prefix: str = "/rs") -> Route:
    found = route(method, prefix + path, prefix)
    assert isinstance(found, Route), found
    return found


def test_a_search_is_a_find_with_its_level() -> None:
    found = asked("GET", "/studies?PatientID=7&includefield=all&limit=10&offset=20")
    assert (found.operation.task, found.operation.level, found.operation.wide) == (Task.FIND, "STUDY", False)
    assert found.operation.command == "GET /studies"
    assert found.target() == "/rs/studies?PatientID=7&includefield=all&limit=10&offset=20"
    assert found.target(results=25) == "/rs/studies?PatientID=7&includefield=all&limit=5&offset=20"
    assert found.target(results=20) is None


@pytest.mark.parametrize(
    ("method", "path", "task", "level"),
    [
        ("GET", "/studies", Task.FIND, "STUDY"),
        ("GET", "/series", Task.FIND, "SERIES"),
        ("GET", "/instances", Task.FIND, "IMAGE"),
        ("GET", f"{S}/series", Task.FIND, "SERIES"),
        ("GET", f"{S}/instances", Task.FIND, "IMAGE"),
        ("GET", f"{SE}/instances", Task.FIND, "IMAGE"),
        *[("GET", path + more, Task.GET, "") for path in (S, SE, I) for more in ("", "/metadata", "/rendered")],
        ("HEAD", I, Task.GET, ""),
        ("GET", f"{I}/frames/1,2,3", Task.GET, ""),
        ("GET", f"{I}/frames/1/rendered", Task.GET, ""),
        ("GET", f"{I}/thumbnail?viewport=100,100", Task.GET, ""),
        ("GET", f"{I}/bulkdata/7FE00010", Task.GET, ""),
        ("GET", f"{I}/bulk/00081140/1/x", Task.GET, ""),
        ("GET", "/bulkdata/a/b.c", Task.GET, ""),
        ("POST", "/studies", Task.STORE, ""),
        ("POST", S, Task.STORE, ""),
        *[("DELETE", path, Task.DELETE, "") for path in (S, SE, I)],
        ("OPTIONS", "", Task.ECHO, ""),
        ("OPTIONS", "/studies", Task.ECHO, ""),
        ("GET", "/workitems", Task.WORKLIST, ""),
        ("GET", "/workitems/1.2", Task.WORKLIST, ""),
        ("POST", "/workitems?1.2.3", Task.NORMALISED, ""),
        ("PUT", "/workitems/1.2/state", Task.NORMALISED, ""),
        ("POST", "/workitems/1.2/cancelrequest", Task.NORMALISED, ""),
        ("POST", "/workitems/1.2/subscribers/ME?deletionlock=true", Task.NORMALISED, ""),
    ],
)  # fmt: skip
def test_resources_of_the_standard(method: str, path: str, task: Task, level: str) -> None:
    found = asked(method, path)
    assert (found.operation.task, found.operation.level) == (task, level)
    assert found.target() == "/rs" + path
    assert "1.2" not in found.operation.command


def test_wado_uri_is_beside_the_service() -> None:
    query = "?requestType=WADO&studyUID=1.2&seriesUID=3&objectUID=4&anonymize=yes&transferSyntax=1.2.840.10008.1.2.1"
    for path in ("/wado", "/aets/A/wado", "/aets/A/rs/wado"):
        found = route("GET", path + query + "&evil=1", "/aets/A/rs")
        assert isinstance(found, Route)
        assert found.target() == path + query
        assert found.operation.transfer_syntax == "1.2.840.10008.1.2.1"
    assert route("GET", "/wado?requestType=WADO&studyUID=1", "/rs") == Refusal(400, "web.wado")
    assert route("GET", "/wado" + query.replace("1.2&", "1.2/../x&", 1), "/rs") == Refusal(400, "web.query")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/system", 404), ("GET", "/instances", 404), ("GET", "/studies", 404), ("GET", "/rsx/studies", 404),
        ("POST", "/rs/instances", 405), ("POST", "/instances", 404), ("GET", "/tools/find", 404),
        ("PUT", "/rs/studies", 405), ("PATCH", "/rs/studies", 405), ("DELETE", "/rs/studies", 405),
        ("GET", "/rs/servers", 404), ("GET", "/rs/studies/", 400), ("GET", "/rs/studies/1.2.3/archive", 404),
        ("GET", "/rs/studies/1.2.3/metadata/x", 404), ("GET", "/rs/studies/abc", 404), ("GET", "/", 404),
        ("GET", "/rs/studies/" + "1." * 40 + "1", 400), ("GET", "/rs/../rs/studies", 400), ("GET", "", 400),
        ("GET", "/rs/studies/1.2.3/%73eries", 400), ("GET", "/rs/studies?limit=-1", 400),
        ("GET", "/rs/studies?limit=1e3", 400), ("GET", "/rs/studies?LIMIT=1&limit=2", 400),
        ("GET", "/rs/studies?" + "&".join("a" * 65), 400), ("GET", "/rs/studies?PatientID=" + "a" * 2000, 400),
        ("GET", "/rs/workitems/1.2/subscribers/../x", 400),
    ],
)  # fmt: skip
def test_everything_else_has_no_way_through(method: str, path: str, status: int) -> None:
    found = route(method, path, "/rs")
    assert isinstance(found, Refusal)
    assert found.status == status


@pytest.mark.parametrize(
    "query",
    [
        "", "PatientName=*", "PatientName=%2A", "PatientName=**?", "00100010=*", "PatientID=", "fuzzymatching=true",
        "limit=1", "includefield=all", "Modality=CT", "Rows=512", "nonsense=1", "patientid=7", "StudyDate=20200101-",
        "StudyDate=-20200101", "StudyDate=19000101-20991231", "StudyDate=x", "PatientName=%5E", "PatientID=%20",
        "StudyInstanceUID=,", "0010.0020=7", "PatientID.PatientName=7", "PatientID=7,*", "PatientID=7%5C*",
        "PatientName=%25", "StudyDate=20200115-20200101",
    ],
)  # fmt: skip
def test_wide_searches(query: str) -> None:
    assert asked("GET", f"/studies?{query}" if query else "/studies").operation.wide


@pytest.mark.parametrize(
    "query",
    ["PatientName=DUP*", "00100020=7", "StudyDate=20200101", "StudyDate=20200101-20200115", "AccessionNumber=1",
     "StudyInstanceUID=1.2,1.3", "00100020=%E6%97%A5"],
)  # fmt: skip
def test_narrow_searches(query: str) -> None:
    assert not asked("GET", f"/studies?{query}").operation.wide


def test_what_is_inside_a_named_study_is_narrow() -> None:
    assert not asked("GET", f"{S}/series").operation.wide
    assert asked("GET", "/series").operation.wide


def test_the_type_asked_for_in_the_query_becomes_a_field() -> None:
    found = asked("GET", f"{I}/rendered?accept=image/jpeg&quality=90")
    assert (found.accept, found.target()) == ("image/jpeg", f"/rs{I}/rendered?quality=90")
    assert route("GET", f"/rs{I}?accept=a%0db", "/rs") == Refusal(400, "web.query")


def test_bodies_belong_to_few_resources() -> None:
    assert asked("POST", "/studies").body is Body.OBJECTS
    assert asked("PUT", "/workitems/1/state").body is Body.ATTRIBUTES
    assert asked("GET", "/studies").body is Body.NONE


def test_attribute_names() -> None:
    assert attribute_path("00100020") == attribute_path("PatientID") == "PatientID"
    assert attribute_path("00400275.00401001") == "RequestAttributesSequence.RequestedProcedureID"
    assert attribute_path("00091001") == "00091001"
    assert attribute_path("ffff") == attribute_path("") == attribute_path("a.b") == ""


METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", ""])
PIECES = st.sampled_from(
    ["/", "rs", "studies", "series", "instances", "1.2.3", "..", ".", "%2e", "%2F", "?", "&", "=", "limit", "PatientID",
     "*", "wado", "requestType=WADO", "studyUID=1", ";", "#", "\\", "//", "%", "frames", "1,2", "bulkdata", "é", " "]
)  # fmt: skip
JOINED = st.lists(PIECES, max_size=14).map("".join)
TARGETS = st.one_of(st.text(max_size=60), JOINED, JOINED.map(lambda text: f"/rs/studies{text}"))


@given(METHODS, TARGETS)
def test_nothing_escapes_the_service(method: str, raw: str) -> None:
    """Whatever is asked: it is refused, or what goes on is a plain target below the service that reads the same."""
    found = route(method, raw, "/rs")
    if isinstance(found, Refusal):
        assert 400 <= found.status < 500
        return
    target = found.target() or ""
    path, _, query = target.partition("?")
    assert re.fullmatch(r"[!-~]+", target)
    assert path.startswith("/rs") or path == "/wado"
    assert unquote(path) == path
    assert not {"..", "."} & set(path.split("/"))
    assert "//" not in path
    again = route(method, target, "/rs")
    assert isinstance(again, Route)
    assert again.target() == target
    assert again.operation == found.operation
    assert urlsplit(target).path == path
    assert len(parse_qsl(query, keep_blank_values=True)) == len(query.split("&") if query else ())


PRINTABLE = st.text(max_size=8).map(lambda text: "".join(filter(str.isprintable, text)))


@given(st.lists(st.tuples(PRINTABLE.map(lambda text: text or "x"), PRINTABLE), max_size=6).map(tuple))
def test_queries_are_read_back_as_they_were_written(pairs: tuple[tuple[str, str], ...]) -> None:
    text = query_text(pairs)
    assert read_target(f"/x?{text}" if text else "/x").parameters == pairs
    assert tuple(parse_qsl(text, keep_blank_values=True)) == pairs


@given(st.text(max_size=40))
def test_targets_never_raise_anything_else(raw: str) -> None:
    try:
        read_target("/" + raw)
    except TargetError:
        pass


def test_shapes_hold_no_identifier() -> None:
    assert shape(f"{I}/frames/1,2/rendered") == "/studies/{id}/series/{id}/instances/{id}/frames/{id}/rendered"
    assert shape(f"{S}/bulkdata/secret/7") == "/studies/{id}/bulkdata/{id}"
    assert shape("/workitems/1.2/subscribers/ME") == "/workitems/{id}/subscribers/{id}"
