"""A real archive behind the guard."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from io import BytesIO

import httpx
import pydicom
import pytest
import uvloop

from leadapron.model.events import GuardDecision, HttpSession, ObjectPassed
from leadapron.model.guard import Query, Task
from tests.guard.web.objects import EICAR, ct, stow
from tests.guard.web.peers import guarded, orthanc, rule


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as url:
        yield url


def kept(archive: str) -> set[str]:
    """What the archive itself says it has, by its own interface."""
    found = httpx.get(archive.removesuffix("/dicom-web") + "/instances").json()
    assert isinstance(found, list)
    return set(found)


async def slowly(body: bytes, size: int = 30_000) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]
        await asyncio.sleep(0.002)


def test_searches_reach_the_archive_and_its_own_interface_does_not(archive: str) -> None:
    async def run() -> None:
        async with guarded(archive) as site, httpx.AsyncClient(base_url=site.url) as client:
            found = await client.get("/dicom-web/studies", params={"PatientID": "nobody"})
            assert found.status_code == 200, found.text
            assert found.json() == []
            for path in (
                "/system",
                "/instances",
                "/studies",
                "/dicom-web/servers",
                "/tools/find",
                "/app/explorer.html",
            ):
                assert (await client.get(path)).status_code == 404
        (session,) = [event for event in site.events if isinstance(event, HttpSession)]
        assert session.requests == 7

    uvloop.run(run())


def test_objects_pass_bit_by_bit_and_come_back(archive: str) -> None:
    study = pydicom.uid.generate_uid()
    objects = [ct(study=study, seed=number, preamble=b"MZ" + bytes(126)) for number in range(20)]
    sent = {pydicom.dcmread(BytesIO(one)).SOPInstanceUID: one for one in objects}

    async def run() -> None:
        before = kept(archive)
        async with guarded(archive) as site, httpx.AsyncClient(base_url=site.url, timeout=30) as client:
            body, fields = stow(*objects)
            answer = await client.post("/dicom-web/studies", content=slowly(body), headers=fields)
            assert answer.status_code == 200, answer.text
            found = await client.get("/dicom-web/instances", params={"StudyInstanceUID": study, "limit": "50"})
            assert len(found.json()) == 20
            accept = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
            for url in (one["00081190"]["Value"][0] for one in found.json()):
                assert url.startswith(site.url + "/"), "addresses in answers lead through the guard"
                back = await client.get(url, headers=accept)
                assert back.status_code == 200
                part = back.content.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
                one = pydicom.dcmread(BytesIO(part))
                original = pydicom.dcmread(BytesIO(sent[one.SOPInstanceUID]))
                assert one.PixelData == original.PixelData
                assert part[:2] == bytes(2), "the preamble was emptied"
        for name in kept(archive) - before:
            stored = httpx.get(archive.removesuffix("/dicom-web") + f"/instances/{name}/file").content
            instance = pydicom.dcmread(BytesIO(stored)).SOPInstanceUID
            original = sent[instance]
            assert stored[-(len(original) - 600) :] == original[600:]
        ledger = [event for event in site.events if isinstance(event, ObjectPassed)]
        assert len(ledger) == 20
        assert {entry.status for entry in ledger} == {0}
        assert len({entry.pixel_digest for entry in ledger}) == 20
        assert study not in str(site.events)

    uvloop.run(run())


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_archive_keeps_nothing_of_an_object_with_a_hit(archive: str, place: int) -> None:
    objects = [ct(seed=number) for number in range(2)]
    objects.insert(place, ct(after=EICAR, rows=512))

    async def run() -> None:
        before = kept(archive)
        async with guarded(archive) as site, httpx.AsyncClient(base_url=site.url, timeout=30) as client:
            body, fields = stow(*objects)
            answer = await client.post("/dicom-web/studies", content=slowly(body), headers=fields)
            assert answer.status_code == 403
            assert answer.json()["reason"] == "content"
        await asyncio.sleep(0.2)
        stored = [
            httpx.get(archive.removesuffix("/dicom-web") + f"/instances/{name}/file").content
            for name in kept(archive) - before
        ]
        assert not any(EICAR in one for one in stored)
        assert len(stored) <= place, "only what was whole before the hit"
        denied = [event for event in site.events if isinstance(event, GuardDecision) and event.action == "deny"]
        assert [(one.reason, one.enforced) for one in denied] == [("content", True)]

    uvloop.run(run())


def test_a_wide_search_is_refused_and_a_narrow_one_bounded(archive: str) -> None:
    async def run() -> None:
        strict = rule(tasks=frozenset({Task.FIND}), query=Query(results=5))
        async with guarded(archive, strict) as site, httpx.AsyncClient(base_url=site.url) as client:
            for query in ("", "?PatientName=*", "?limit=1", "?Rows=5", "?nonsense=1", "?StudyDate=1900-"):
                answer = await client.get("/dicom-web/studies" + query)
                assert (answer.status_code, answer.json()["reason"]) == (403, "wide-query"), query
            narrow = await client.get("/dicom-web/instances", params={"PatientID": "P"})
            assert narrow.status_code == 200
            assert len(narrow.json()) == 5
            assert (await client.get("/dicom-web/instances?PatientID=P&offset=5")).json()["reason"] == "results"
            assert (await client.get("/dicom-web/studies/1.2.3/metadata")).json()["reason"] == "no-rule"

    uvloop.run(run())
