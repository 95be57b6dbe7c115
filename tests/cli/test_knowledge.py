"""`leadapron knowledge`: what a fresh installation answers, how its sources are brought up to date and carried."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadapron.know.feeds import bundle
from tests.cli.running import content_of, done, refused, run

SAMPLES = Path(__file__).parents[1] / "know/advisories/samples"
TODAY = datetime.now(UTC).date()


def ask(vendor: str, product: str, version: str = "") -> Any:
    return json.loads(
        done("knowledge", "ask", "--vendor", vendor, "--product", product, "--version", version, "--json")
    )


def verdicts(document: Any) -> dict[str, str]:
    return {answer["advisory"]: answer["verdict"] for answer in document["answers"]}


# ---------------------------------------------------------------- ask
def test_one_question_of_a_fresh_installation() -> None:
    document = ask("OFFIS", "DCMTK", "3.6.6")
    assert (document["vendor_known"], document["product_known"]) == (True, True)
    assert verdicts(document) == {"ICSMA-26-181-01": "affected", "ICSMA-22-174-01": "affected"}
    newest, older = document["answers"]
    assert (len(newest["cves"]), newest["cvss"], newest["kev"]) == (5, 9.8, False)
    assert older["cves"] == ["CVE-2022-2119", "CVE-2022-2120", "CVE-2022-2121"]
    assert (older["cvss"], older["constraint"]) == (7.5, "All versions prior to 3.6.7")
    assert older["reason"] == "Version 3.6.6 is among those concerned: All versions prior to 3.6.7."
    assert {feed["id"] for feed in document["feeds"]} == {"advisories", "kev", "epss", "endoflife", "overlay"}


@pytest.mark.parametrize(
    ("vendor", "product", "version", "expected"),
    [
        ("Orthanc", "Orthanc", "1.5.6", {"ICSMA-25-037-02": "affected"}),
        ("Orthanc", "Orthanc", "1.12.5", {"ICSMA-25-037-02": "not_affected"}),
        (
            "MicroDicom", "DICOM Viewer", "2023.3",
            {
                "ICSMA-24-060-01": "affected", "ICSMA-24-163-01": "affected", "ICSMA-25-121-01": "affected",
                "ICSMA-25-160-01": "affected", "ICSMA-25-037-01": "review",
            },
        ),
        (
            "Philips", "Vue PACS", "12.2.1",
            {"ICSMA-21-187-01": "affected", "ICSMA-24-200-01": "affected", "ICSMA-20-261-01": "affected"},
        ),
        (
            "Philips", "Vue PACS", "12.2.8.500",
            {"ICSMA-24-200-01": "not_affected", "ICSMA-21-187-01": "affected", "ICSMA-20-261-01": "review"},
        ),
        ("SIEMENS", "syngo fastView", "", {"ICSA-21-350-16": "affected"}),
    ],
)  # fmt: skip
def test_products_of_imaging(vendor: str, product: str, version: str, expected: dict[str, str]) -> None:
    document = ask(vendor, product, version)
    assert verdicts(document) == expected
    assert all(answer["reason"] and answer["constraint"] for answer in document["answers"])


def test_what_attackers_use_is_told() -> None:
    (exploited,) = [answer for answer in ask("Philips", "Vue PACS", "12.2.1")["answers"] if answer["kev"]]
    assert (exploited["advisory"], exploited["cvss"], exploited["kev_cves"]) == (
        "ICSMA-21-187-01",
        9.8,
        ["CVE-2020-1938"],
    )
    assert "Attackers are known to use: CVE-2020-1938" in done(
        "knowledge", "ask", "--vendor", "Carestream", "--product", "Vue PACS"
    )


@pytest.mark.parametrize("spelt", ["Philips Healthcare", "Phillips", "PHILIPS MEDICAL SYSTEMS"])
def test_spellings_of_one_maker(spelt: str) -> None:
    assert verdicts(ask(spelt, "Vue PACS", "12.2.1")) == verdicts(ask("Philips", "Vue PACS", "12.2.1"))


@pytest.mark.parametrize(("vendor", "similar"), [("Nobody Ltd", []), ("Carestreem", ["Carestream"])])
def test_an_unknown_maker_is_never_called_clean(vendor: str, similar: list[str]) -> None:
    document = ask(vendor, "Vue PACS", "12.2.1")
    assert (document["vendor_known"], document["answers"], document["similar"]) == (False, [], similar)
    said = done("knowledge", "ask", "--vendor", vendor, "--product", "Vue PACS")
    assert "That is not a sign of safety: ask it." in said
    assert ("Similar names that are known: Carestream" in said) == bool(similar)


def test_an_unknown_product_of_a_known_maker() -> None:
    document = ask("Philips", "Teapot")
    assert (document["vendor_known"], document["product_known"], document["answers"]) == (True, False, [])
    assert "this product is in no advisory held here" in done(
        "knowledge", "ask", "--vendor=Philips", "--product=Teapot"
    )


def test_without_a_maker_only_what_is_unmistakable_is_known() -> None:
    assert "ICSMA-22-174-01" in done("knowledge", "ask", "--product", "DCMTK", "--version", "3.6.6")
    assert "name it with --vendor" in done("knowledge", "ask", "--product", "Vue PACS")


def test_a_package_of_a_distribution_is_for_review() -> None:
    purl = "pkg:deb/debian/dcmtk@3.6.7-9~deb12u4?arch=amd64"
    document = json.loads(
        done("knowledge", "ask", "--product", "dcmtk", "--version", "3.6.7-9~deb12u4", "--purl", purl, "--json")
    )
    assert verdicts(document)["ICSMA-26-181-01"] == "review"


def test_answers_in_french() -> None:
    said = done("knowledge", "ask", "--vendor", "OFFIS", "--product", "DCMTK", "--version", "3.6.6", "--lang", "fr")
    assert "La version 3.6.6 fait partie des versions concernées" in said
    assert "EPSS" in said
    assert "PÉRIMÉ" in said
    assert "Ce n’est pas un signe de sécurité" in done(
        "knowledge", "ask", "--vendor", "Nobody", "--product", "x", language="fr_FR.UTF-8"
    )


def test_a_hostile_name_cannot_draw_on_the_terminal() -> None:
    assert "\x1b" not in done("knowledge", "ask", "--vendor", "\x1b[31mRED", "--product", "\u202egpj")


def test_a_question_needs_a_product() -> None:
    result = run("knowledge", "ask", "--vendor", "Philips")
    assert result.exit_code == 2
    assert "--product" in result.stderr


# ---------------------------------------------------------------- status
def test_old_sources_are_loud(tmp_path: Path) -> None:
    said = done("knowledge", "status", "--knowledge", tmp_path)
    assert "STALE" in said
    assert "MISSING" in said
    assert "Run `leadapron knowledge update`" in said
    assert "PÉRIMÉ" in done("knowledge", "status", "--lang", "fr")


def test_status_as_json(tmp_path: Path) -> None:
    feeds = {feed["id"]: feed for feed in json.loads(done("knowledge", "status", "--json", "--knowledge", tmp_path))}
    assert (feeds["advisories"]["records"], feeds["advisories"]["state"]) == (145, "stale")
    assert (feeds["epss"]["as_of"], feeds["epss"]["age_days"], feeds["epss"]["state"]) == (None, None, "missing")
    assert feeds["kev"]["age_days"] == (TODAY - datetime.fromisoformat(feeds["kev"]["as_of"]).date()).days


def test_a_damaged_snapshot_is_named_and_the_rest_still_answers(tmp_path: Path) -> None:
    done("knowledge", "update", "--from", kev_file(tmp_path), "--knowledge", tmp_path / "k")
    (data,) = (tmp_path / "k" / "kev").rglob("data.json.zst")
    data.write_bytes(b"damaged")
    result = run("knowledge", "status", "--knowledge", tmp_path / "k")
    assert result.exit_code == 0
    assert re.fullmatch(r"leadapron: kev/\S+: .*damaged.*\n", result.stderr)
    assert "STALE" in result.stdout


# ---------------------------------------------------------------- update
def kev_file(folder: Path, day: str = "") -> Path:
    """A list of exploited flaws, of today unless told."""
    day = day or TODAY.isoformat()
    entries = [{"cveID": "CVE-2022-2119", "dateAdded": day, "knownRansomwareCampaignUse": "Known"}]
    path = folder / "known.json"
    path.write_text(json.dumps({"catalogVersion": day, "dateReleased": f"{day}T00:00:00Z", "vulnerabilities": entries}))
    return path


def advisory_file(folder: Path) -> Path:
    """An advisory on an invented product."""
    document = json.loads((SAMPLES / "icsma-22-174-01.json").read_bytes())
    text = json.dumps(document).replace("OFFIS", "Example Imaging").replace("DCMTK", "Example Viewer")
    path = folder / "icsma-99-001-01.json"
    path.write_text(text.replace("ICSMA-22-174-01", "ICSMA-99-001-01"), encoding="utf-8")
    return path


def test_an_update_from_a_file_changes_the_answers(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    said = done("knowledge", "update", "--from", kev_file(tmp_path), "--knowledge", folder)
    assert said == f"kev: new ({TODAY.isoformat()})\n"
    document = json.loads(
        done("knowledge", "ask", "--product", "DCMTK", "--version", "3.6.6", "--json", "--knowledge", folder)
    )
    assert {answer["advisory"] for answer in document["answers"] if answer["kev"]} == {"ICSMA-22-174-01"}
    states = {feed["id"]: feed["state"] for feed in document["feeds"]}
    assert (states["kev"], states["advisories"]) == ("fresh", "stale")
    assert "nothing new" in done("knowledge", "update", "--from", tmp_path / "known.json", "--knowledge", folder)
    assert "older than what is held" in done(
        "knowledge", "update", "--from", kev_file(tmp_path, "2025-12-01"), "--knowledge", folder
    )


@pytest.mark.parametrize("packed", [False, True])
def test_an_update_from_a_folder_or_archive(tmp_path: Path, packed: bool) -> None:
    source, folder = tmp_path / "source", tmp_path / "knowledge"
    source.mkdir()
    advisory_file(source)
    (source / "broken.json").write_text('{"document": ')
    if packed:
        shutil.make_archive(str(tmp_path / "source"), "zip", source)
        source = tmp_path / "source.zip"
    result = run("knowledge", "update", "--from", source, "--knowledge", folder, "--lang", "fr")
    assert result.exit_code == 0, result.stderr
    assert "advisories/cisa" in result.stdout
    assert "nouveau" in result.stdout
    assert re.search(r"Refusé.*broken\.json", result.stdout)
    asked = ("--vendor", "Example Imaging", "--product", "Example Viewer", "--version", "3.6.6")
    document = json.loads(done("knowledge", "ask", *asked, "--json", "--knowledge", folder))
    assert verdicts(document) == {"ICSMA-99-001-01": "affected"}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("notes.txt", b"nothing of use", "notes.txt"),
        ("cut.json", b'{"document": {"title": "x', "cut.json"),
        ("other.json", b'{"a": 1}', "other.json"),
        ("bomb.zip", None, "bomb.zip"),
    ],
)
def test_nothing_of_use_changes_nothing(tmp_path: Path, name: str, data: bytes | None, words: str) -> None:
    path, folder = tmp_path / name, tmp_path / "knowledge"
    if data is None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.json", bytes(300 << 20))
    else:
        path.write_bytes(data)
    done("knowledge", "update", "--from", kev_file(tmp_path), "--knowledge", folder)
    before = content_of(folder)
    assert words in refused("knowledge", "update", "--from", path, "--knowledge", folder)
    assert content_of(folder) == before


def test_sources_that_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    assert "no such file" in refused("knowledge", "update", "--from", tmp_path / "none", "--knowledge", folder)
    assert "https" in refused("knowledge", "update", "--from", "http://vendor.example/x", "--knowledge", folder)
    assert "--from" in refused("knowledge", "update", "--host", "cdn.example", "--knowledge", folder)
    (tmp_path / "empty").mkdir()
    assert "empty" in refused("knowledge", "update", "--from", tmp_path / "empty", "--knowledge", folder)
    assert content_of(folder) == {}


# ---------------------------------------------------------------- bundles
@pytest.fixture
def bundled(tmp_path: Path) -> Path:
    """A folder with a key pair, the knowledge of a connected machine, and its bundle."""
    said = done("knowledge", "keygen", tmp_path / "key.pem")
    assert re.fullmatch(rf"{re.escape(str(tmp_path / 'key.pub.pem'))}\n([0-9a-f]{{4}} ?){{16}}\n", said)
    done("knowledge", "update", "--from", kev_file(tmp_path), "--knowledge", tmp_path / "connected")
    said = done(
        "knowledge", "export", tmp_path / "b.zip", "--key", tmp_path / "key.pem", "--knowledge", tmp_path / "connected"
    )
    assert f"b.zip: kev; until {TODAY + timedelta(days=30)}" in said
    return tmp_path


def test_a_bundle_is_carried_to_a_machine_without_internet(bundled: Path) -> None:
    offline = bundled / "offline"
    fingerprint = done("knowledge", "trust", bundled / "key.pub.pem", "--knowledge", offline)
    assert re.fullmatch(r"([0-9a-f]{4} ?){16}\n", fingerprint)
    said = done("knowledge", "import", bundled / "b.zip", "--knowledge", offline)
    assert said == f"kev: new ({TODAY.isoformat()})\n"
    feeds = {feed["id"]: feed for feed in json.loads(done("knowledge", "status", "--json", "--knowledge", offline))}
    assert (feeds["kev"]["state"], feeds["kev"]["verified"]) == ("fresh", "bundle")
    assert "nothing new" in done("knowledge", "import", bundled / "b.zip", "--knowledge", offline)


def test_a_bundle_of_nobody_we_know(bundled: Path) -> None:
    offline = bundled / "offline"
    done("knowledge", "keygen", bundled / "other.pem")
    for trusted in (None, bundled / "other.pub.pem"):
        if trusted:
            done("knowledge", "trust", trusted, "--knowledge", offline)
        before = content_of(offline)
        message = refused("knowledge", "import", bundled / "b.zip", "--knowledge", offline)
        assert "b.zip" in message
        assert "knowledge trust" in message
        assert content_of(offline) == before


def test_a_bundle_that_was_altered_or_cut(bundled: Path) -> None:
    done("knowledge", "trust", bundled / "key.pub.pem", "--knowledge", bundled / "offline")
    before, sound = content_of(bundled / "offline"), (bundled / "b.zip").read_bytes()
    middle = len(sound) // 2
    for altered in (sound[:middle], sound.replace(b'"expires": "2', b'"expires": "3'), b"PK", b""):
        (bundled / "b.zip").write_bytes(altered)
        assert "b.zip" in refused("knowledge", "import", bundled / "b.zip", "--knowledge", bundled / "offline")
        assert content_of(bundled / "offline") == before


def test_a_bundle_that_has_expired(bundled: Path) -> None:
    from leadapron.know.feeds.snapshots import KnowledgeStore

    done("knowledge", "trust", bundled / "key.pub.pem", "--knowledge", bundled / "offline")
    then = datetime.now(UTC) - timedelta(days=40)
    connected = KnowledgeStore(bundled / "connected")
    bundle.export_bundle(connected, bundled / "old.zip", bundled / "key.pem", now=then)
    message = refused("knowledge", "import", bundled / "old.zip", "--knowledge", bundled / "offline")
    assert "old.zip" in message
    assert "expired" in message


def test_bundles_and_keys_that_cannot_be_made(bundled: Path) -> None:
    key = bundled / "key.pem"
    assert "not overwritten" in refused("knowledge", "keygen", key)
    assert "no snapshot" in refused(
        "knowledge", "export", bundled / "c.zip", "--key", key, "--knowledge", bundled / "none"
    )
    connected = ("--knowledge", bundled / "connected")
    assert "1 to 366 days" in refused("knowledge", "export", bundled / "c.zip", "--key", key, "--days", "0", *connected)
    public = bundled / "key.pub.pem"
    assert "not a private key" in refused("knowledge", "export", bundled / "c.zip", "--key", public, *connected)
    key.chmod(0o644)
    assert "chmod 600" in refused("knowledge", "export", bundled / "c.zip", "--key", key, *connected)
    assert not (bundled / "c.zip").exists()
    assert "not a public key" in refused("knowledge", "trust", key, *connected)
    assert "cannot be read" in refused("knowledge", "import", bundled / "none.zip", *connected)
