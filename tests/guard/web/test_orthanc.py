"""A real archive behind the guard."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.guard.web.peers import guarded, orthanc


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as url:
        yield url


def test_searches_reach_the_archive_and_its_own_interface_does_not(archive: str) -> None:
    async def run() -> None:
        async with guarded(archive) as site, httpx.AsyncClient(base_url=site.url) as client:
            found = await client.get("/dicom-web/studies", params={"limit": "3"})
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

    asyncio.run(run())
