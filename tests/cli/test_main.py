"""The commands as a person runs them: in a process of their own, with their exit codes and one-line errors."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import jsonschema
import pyarrow.parquet as pq
import pytest

from leadapron import cli
from tests.app.captures import capture, echo
from tests.cli import running
from tests.see.wire import dicom_bytes as d
from tests.see.wire.packets import CLIENT, SYN, Talk, frame

ROOT = Path(__file__).parents[2]
DEPARTMENT = Path(str(files("leadapron.content") / "captures" / "department.pcapng.zst"))
CANARIES = (ROOT / "lab" / "canaries.txt").read_text().split()
SCHEMA = ROOT / "docs" / "reference" / "assessment.schema.json"


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "leadapron", *map(str, arguments)]


def leadapron(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(*arguments), input=stdin, capture_output=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything the demo writes, in French."""
    folder = tmp_path_factory.mktemp("demo")
    kinds = {"workspace": "ws", "json": "a.json", "report": "a.html", "csv": "csv"}
    written = [part for option, name in kinds.items() for part in (f"--{option}", folder / name)]
    result = leadapron("demo", "--lang", "fr", *written)
    assert result.returncode == 0, result.stderr.decode()
    (folder / "screen").write_bytes(result.stdout)
    return folder


def assess(tmp_path: Path, content: bytes, name: str = "trace.pcap") -> dict:
    (tmp_path / name).write_bytes(content)
    result = leadapron("assess", tmp_path / name, "--json", tmp_path / "out.json", "--lang", "en")
    assert result.returncode == 0, result.stderr.decode()
    return json.loads((tmp_path / "out.json").read_bytes())


def test_the_demo_writes_what_was_asked_for(demo: Path) -> None:
    document = json.loads((demo / "a.json").read_bytes())
    jsonschema.validate(document, json.loads(SCHEMA.read_bytes()))
    assert document["schema"] == "leadapron.assessment/1"
    assert len(document["assets"]) >= 25
    assert (demo / "a.html").read_text().startswith("<!doctype html>")
    assert {path.name for path in (demo / "csv").iterdir()} == {"assets.csv", "flows.csv", "findings.csv"}
    assert "Appareils" in (demo / "screen").read_text()


@pytest.mark.parametrize(("name", "part"), [("inventory", "assets"), ("flows", "flows"), ("findings", "findings")])
def test_a_workspace_is_read_back(demo: Path, name: str, part: str) -> None:
    result = leadapron(name, "--workspace", demo / "ws", "--json", "--lang", "fr")
    assert result.returncode == 0, result.stderr.decode()
    assert json.loads(result.stdout) == json.loads((demo / "a.json").read_bytes())[part]
    assert running.done(name, "--workspace", demo / "ws")


def test_no_canary_of_a_patient_is_anywhere(demo: Path) -> None:
    assert len(CANARIES) > 10
    canaries = [canary.encode() for canary in CANARIES]
    for path in sorted(demo.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            found = [canary for canary in canaries if canary in content or canary in content.upper()]
            assert not found, f"{path.name} holds {found[:3]}"


def test_parquet_texts_hold_no_canary_either(demo: Path) -> None:
    for path in (demo / "ws").rglob("*.parquet"):
        text = str(pq.read_table(path).to_pylist())
        assert not [canary for canary in CANARIES if canary in text], path.name


def test_the_same_input_gives_the_same_document(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert leadapron("demo", "--json", tmp_path / name, "--lang", "en").returncode == 0
    one, two = (json.loads((tmp_path / name).read_bytes()) for name in ("one", "two"))
    one.pop("generated"), two.pop("generated")
    assert one == two


def test_a_source_read_twice_counts_once(demo: Path, tmp_path: Path) -> None:
    before = json.loads((demo / "a.json").read_bytes())
    result = leadapron("demo", "--workspace", demo / "ws", "--json", tmp_path / "again.json", "--lang", "fr")
    assert result.returncode == 0
    after = json.loads((tmp_path / "again.json").read_bytes())
    for part in ("assets", "flows", "utilisation", "quality"):
        assert after[part] == before[part]


def test_standard_input_is_a_source(tmp_path: Path) -> None:
    result = leadapron("assess", "-", "--json", tmp_path / "out.json", stdin=capture(echo().frames))
    assert result.returncode == 0, result.stderr.decode()
    document = json.loads((tmp_path / "out.json").read_bytes())
    assert document["flows"][0]["operations"] == {"C-ECHO": 1}
    assert document["sources"][0]["name"] == "stdin"


def test_a_clean_echo_raises_nothing_about_queries_or_images(tmp_path: Path) -> None:
    rules = {finding["rule"] for finding in assess(tmp_path, capture(echo().frames))["findings"]}
    assert rules <= {"dcm-clear", "dcm-no-user", "single-dep", "log-none"}


def test_connections_run_from_one_file_of_a_folder_into_the_next(tmp_path: Path) -> None:
    frames = echo().frames
    ring = tmp_path / "ring"
    ring.mkdir()
    head = capture(frames)[:24]
    records = [capture([packet])[24:] for packet in frames]
    stamped = [struct.pack("<II", 1_795_000_000 + index, 0) + record[8:] for index, record in enumerate(records)]
    (ring / "b.pcap").write_bytes(head + b"".join(stamped[:5]))
    (ring / "a.pcap").write_bytes(head + b"".join(stamped[5:]))
    (ring / "notes.txt").write_text("not a capture")
    assert leadapron("assess", ring, "--json", tmp_path / "out.json").returncode == 0
    document = json.loads((tmp_path / "out.json").read_bytes())
    (flow,) = document["flows"]
    assert flow["operations"] == {"C-ECHO": 1}
    assert {source["name"] for source in document["sources"]} == {"a.pcap", "b.pcap"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.pcap", b"", "empty"),
        ("notes.pcap", b"just some text\n" * 10, "text"),
        ("noise.pcap", bytes(range(256)) * 4, "not"),
    ],
)
def test_what_is_no_capture_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    result = leadapron("assess", tmp_path / name)
    assert result.returncode == 2
    assert result.stdout == b""
    message = result.stderr.decode()
    assert message.count("\n") == 1
    assert words in message
    assert name in message


def test_a_folder_without_captures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("hello")
    result = leadapron("assess", tmp_path)
    assert result.returncode == 2
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("assess",),
        ("assess", "/does/not/exist.pcap"),
        ("assess", "-", "-"),
        ("assess", DEPARTMENT, "--report", "/does/not/exist/report.html"),
        ("assess", DEPARTMENT, "--lang", "xx"),
        ("assess", "x" * 300),
        ("assess", ""),
        ("inventory", "--workspace", "/does/not/exist"),
        ("demo", "--csv", DEPARTMENT),
    ],
)
def test_unusable_arguments_exit_with_two(arguments: tuple[object, ...]) -> None:
    result = running.run(*arguments)
    assert result.exit_code == 2
    assert result.stderr


def test_a_pager_that_is_closed_costs_no_file(tmp_path: Path) -> None:
    run = command("demo", "--report", tmp_path / "report.html", "--csv", tmp_path / "tables")
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert (tmp_path / "report.html").read_text().rstrip().endswith("</html>")
    assert len(list((tmp_path / "tables").iterdir())) == 3


def test_a_full_disk_costs_no_screen(tmp_path: Path) -> None:
    (tmp_path / "full.json").symlink_to("/dev/full")
    result = leadapron("demo", "--json", tmp_path / "full.json", "--lang", "en")
    assert result.returncode == 2
    assert "What to do first" in result.stdout.decode()
    assert result.stderr.count(b"\n") == 1
    assert b"No space left" in result.stderr


def test_a_screen_that_cannot_be_written_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(command("demo"), stdout=full, stderr=subprocess.PIPE, check=False, timeout=120)
    assert result.returncode == 2
    assert result.stderr.count(b"\n") == 1


def test_ctrl_c_ends_a_live_source_and_nothing_that_came_is_lost(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    run = command("assess", "-", "--workspace", tmp_path / "ws", "--json", out, "--lang", "en")
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(capture(echo().frames))
        process.stdin.flush()
        until_it_waits(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    document = json.loads(out.read_bytes())
    assert document["interrupted"]
    assert document["quality"]["packets"] == len(echo().frames)
    assert json.loads(leadapron("flows", "--workspace", tmp_path / "ws", "--json").stdout) == document["flows"]


def until_it_waits(process: int) -> None:
    """Until the process sleeps each time one looks: it waits for bytes, or for somebody to open the other end."""
    limit, asleep = time.monotonic() + 60, 0
    while asleep < 15:
        assert time.monotonic() < limit
        time.sleep(0.03)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        asleep = asleep + 1 if state == "S" else 0


def test_ctrl_c_before_there_is_a_result_is_said_in_one_line(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(command("assess", pipe), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until_it_waits(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"leadapron: stopped by Ctrl-C\n"
    assert process.returncode == 130


def test_a_workspace_of_a_newer_version_is_left_alone(demo: Path, tmp_path: Path) -> None:
    shutil.copytree(demo / "ws", tmp_path / "ws")
    (tmp_path / "ws" / "workspace.toml").write_text("format = 99\n")
    for arguments in (("inventory",), ("demo",)):
        result = leadapron(*arguments, "--workspace", tmp_path / "ws")
        assert result.returncode == 2
        assert b"update Leadapron" in result.stderr


def test_names_may_hold_spaces_and_accents(tmp_path: Path) -> None:
    folder = tmp_path / "relevé n° 1" / "été"
    folder.mkdir(parents=True)
    (folder / "à lire.pcap").write_bytes(capture(echo().frames))
    ways = [f"--{option}={folder / name}" for option, name in (("workspace", "w é"), ("report", "r é"), ("json", "j"))]
    assert leadapron("assess", tmp_path / "relevé n° 1", *ways).returncode == 0
    assert json.loads((folder / "j").read_bytes())["sources"][0]["name"] == "été/à lire.pcap"


@pytest.mark.parametrize("name", [None, *cli.main.commands])
def test_help_fits_a_terminal(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(running.ENVIRONMENT, "COLUMNS", "80")
    text = running.done(*([name] if name else []), "--help")
    assert "..." not in text.replace("SOURCE...", "").replace("[ARGS]...", "")
    assert max(map(len, text.splitlines())) <= 80


# ---------------------------------------------------------------- hostile captures: an anomaly, and the rest is there


def hostile(*packets: bytes) -> bytes:
    return capture([*echo().frames, *packets])


def other(payload: bytes, port: int = 51000) -> list[bytes]:
    """Another connection of the client that sends `payload`."""
    return Talk(client=("192.0.2.1", port)).open().send(payload).frames


def survives(document: dict) -> None:
    """The clean association beside the attack is still reported."""
    assert sum(flow["operations"].get("C-ECHO", 0) for flow in document["flows"]) == 1


def test_a_capture_cut_in_the_middle_of_a_packet(tmp_path: Path) -> None:
    document = assess(tmp_path, capture(echo().frames)[:-7])
    survives(document)
    assert not document["sources"][0]["complete"]


def test_random_bytes_under_a_valid_header(tmp_path: Path) -> None:
    document = assess(tmp_path, capture([])[:24] + random.Random(1).randbytes(10_000_000))
    assert document["quality"]["anomalies"]


def test_a_record_that_claims_four_gigabytes(tmp_path: Path) -> None:
    lie = struct.pack("<IIII", 1_795_000_100, 0, 0xFFFF_FFFF, 0xFFFF_FFFF)
    document = assess(tmp_path, capture(echo().frames) + lie + bytes(500))
    survives(document)
    assert document["quality"]["anomalies"]


def test_a_dicom_pdu_that_lies_about_its_length(tmp_path: Path) -> None:
    lie = d.associate_rq()[:2] + b"\xff\xff\xff\xff" + d.associate_rq()[6:]
    document = assess(tmp_path, hostile(*other(lie)))
    survives(document)
    assert "dicom.pdu-length" in document["quality"]["anomalies"]
    assert "dcm-malformed" in {finding["rule"] for finding in document["findings"]}


def test_mllp_without_end(tmp_path: Path) -> None:
    head = b"\x0bMSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5\rOBX|"
    document = assess(tmp_path, hostile(*other(head + b"x" * 17_000_000, port=51001)))
    survives(document)
    assert "hl7.no-end" in document["quality"]["anomalies"]


def test_a_flood_of_half_open_connections(tmp_path: Path) -> None:
    flood = [frame(("192.0.2.1", 1024 + n % 60_000), ("192.0.2.2", 104 + n // 60_000), n, SYN) for n in range(100_000)]
    document = assess(tmp_path, hostile(*flood))
    survives(document)
    assert document["quality"]["packets"] > 100_000


def test_text_from_the_wire_cannot_draw_on_the_terminal(tmp_path: Path) -> None:
    title = "\x1b[31mRED\x1b[0m"
    talk = (
        Talk()
        .open()
        .send(b"GET / HTTP/1.1\r\nHost: <script>alert(1)</script>\r\nUser-Agent: " + title.encode() + b"\r\n\r\n")
    )
    talk.answer(b"HTTP/1.1 200 OK\r\nServer: <img src=x onerror=alert(1)>\r\nContent-Length: 0\r\n\r\n").close()
    (tmp_path / "x.pcap").write_bytes(capture(talk.frames))
    result = leadapron("assess", tmp_path / "x.pcap", "--report", tmp_path / "x.html")
    assert result.returncode == 0
    assert b"\x1b[31m" not in result.stdout
    page = (tmp_path / "x.html").read_text()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_bytes_for_one_side_only_are_no_service(tmp_path: Path) -> None:
    probes = [frame(CLIENT, ("192.0.2.77", port), 1, SYN) for port in (104, 11112, 445)]
    document = assess(tmp_path, capture([*echo().frames, *probes]))
    assert "192.0.2.77" not in {address for asset in document["assets"] for address in asset["addresses"]}


def test_a_form_that_carries_hl7_and_dicom_bytes_is_a_form(tmp_path: Path) -> None:
    body = b"text=MSH|^~\\&|A|B\r" + d.associate_rq() + b"\x0bMSH|^~\\&|X\r\x1c\r"
    request = b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    talk = Talk(server=("192.0.2.9", 80)).open().send(request)
    talk.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").close()
    document = assess(tmp_path, capture(talk.frames))
    assert {flow["service"] for flow in document["flows"]} == {"http"}
