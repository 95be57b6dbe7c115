"""Evidence that the guard can write and cannot read."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from leadapron.guard.dicom import Suspect
from leadapron.guard.quarantine import PAUSE, Exhibit, Quarantine, exhibits, make_keys, open_exhibit
from leadapron.guard.sealing import CHUNK
from leadapron.model.errors import UsageError
from leadapron.model.guard import Operation, Peer, Task

CASE = Exhibit(
    when=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    address="192.0.2.7",
    listener="front",
    connection="C1",
    calling_ae_title="CT01",
    rule="scanners",
    finding="eicar",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_keys(tmp_path / "quarantine", tmp_path / "private.pem")
    return tmp_path / "quarantine"


def keep(quarantine: Quarantine, data: bytes, cut: int = 100_000) -> str:
    writer = quarantine.writer(CASE)
    for start in range(0, len(data), cut):
        writer.write(memoryview(data)[start : start + cut])
    return writer.commit()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_is_kept_opens_with_the_private_key(folder: Path, size: int) -> None:
    data = os.urandom(size)
    quarantine = Quarantine.of(folder)
    name = keep(quarantine, data)
    assert b"".join(open_exhibit(folder, name, folder.parent / "private.pem")) == data
    (exhibit,) = exhibits(folder)
    assert (exhibit.name, exhibit.size, exhibit.digest) == (name, size, blake3(data).hexdigest())
    assert (exhibit.address, exhibit.finding) == ("192.0.2.7", "eicar")
    on_disk = sum(file.stat().st_size for file in folder.iterdir() if file.name != "public.pem")
    assert quarantine.kept == Quarantine.of(folder).kept == (1, on_disk)
    sealed = (folder / name).read_bytes()
    assert size < 100 or data[:100] not in sealed


def test_only_the_owner_may_read(folder: Path) -> None:
    keep(Quarantine.of(folder), b"evidence")
    for file in (folder.parent / "private.pem", *folder.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_suspect_says_who_and_what(folder: Path) -> None:
    suspect = Suspect(
        peer=Peer(address="198.51.100.1", listener="web", user="anna"),
        uid="C2",
        operation=Operation(task=Task.STORE, sop_class="1.2.3"),
        rule="uploads",
        finding="pe-program",
    )
    writer = Quarantine.of(folder).open(suspect)
    writer.write(b"MZ")
    writer.commit()
    (exhibit,) = exhibits(folder)
    assert (exhibit.connection, exhibit.user, exhibit.task, exhibit.sop_class) == ("C2", "anna", "store", "1.2.3")


def test_what_is_forgotten_leaves_nothing(folder: Path) -> None:
    quarantine = Quarantine.of(folder)
    for size in (100, 5 * CHUNK):
        writer = quarantine.writer(CASE)
        writer.write(bytes(size))
        writer.abort()
    assert quarantine.kept == (0, 0)
    assert [file.name for file in folder.iterdir()] == ["public.pem"]


def test_small_objects_that_are_forgotten_never_touch_the_disk(folder: Path) -> None:
    writer = Quarantine.of(folder).writer(CASE)
    writer.write(bytes(CHUNK))
    assert [file.name for file in folder.iterdir()] == ["public.pem"]
    writer.abort()


def test_a_full_quarantine_says_so_and_deletes_nothing(folder: Path) -> None:
    quarantine = Quarantine.of(folder, 2 * CHUNK)
    name = keep(quarantine, bytes(CHUNK))
    before = quarantine.kept
    writer = quarantine.writer(CASE)
    with pytest.raises(OSError, match="full") as refused:
        writer.write(bytes(2 * CHUNK))
    assert refused.value.errno == errno.ENOSPC
    writer.abort()
    assert quarantine.kept == before
    assert {file.name for file in folder.iterdir()} == {"public.pem", name, f"{name}.json"}


def test_after_a_failure_nothing_is_begun_for_a_while(folder: Path) -> None:
    now = 100.0
    quarantine = Quarantine(folder, X25519PrivateKey.generate().public_key(), 2 * CHUNK, lambda: now)
    writer = quarantine.writer(CASE)
    with pytest.raises(OSError, match="full"):
        writer.write(bytes(3 * CHUNK))
    writer.abort()
    with pytest.raises(OSError, match="no room"):
        quarantine.writer(CASE)
    now += PAUSE
    assert keep(quarantine, b"small")


def test_no_room_for_the_description(folder: Path) -> None:
    quarantine = Quarantine.of(folder, CHUNK + 200)
    writer = quarantine.writer(CASE)
    writer.write(bytes(CHUNK))
    with pytest.raises(OSError, match="full"):
        writer.commit()
    writer.abort()
    assert [file.name for file in folder.iterdir()] == ["public.pem"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error_of_the_caller(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, writer = os.open, Quarantine.of(folder).writer(CASE)
    monkeypatch.setattr(os, "open", lambda path, flags, mode=0o777: real("/dev/full", os.O_WRONLY))
    with pytest.raises(OSError, match="No space left"):
        writer.write(bytes(2 * CHUNK))
    monkeypatch.undo()
    writer.abort()


def test_what_a_killed_guard_left_is_removed(folder: Path) -> None:
    kept = keep(Quarantine.of(folder), b"whole")
    script = (
        "import os, sys; from pathlib import Path\n"
        "from leadapron.guard.sealing import CHUNK\n"
        "from tests.guard.test_quarantine import CASE, Quarantine\n"
        "writer = Quarantine.of(Path(sys.argv[1])).writer(CASE)\n"
        "writer.write(bytes(3 * CHUNK))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script, str(folder)], check=False, cwd=root)
    assert done.returncode == -9
    assert any(file.name.endswith(".part") for file in folder.iterdir())
    (folder / "20260102T030405Z-0123456789abcdef.json").write_text("{}")
    (folder / "notes.txt").write_text("not ours")
    assert Quarantine.of(folder).kept[0] == 1
    assert {file.name for file in folder.iterdir()} == {"public.pem", "notes.txt", kept, f"{kept}.json"}


def test_a_cut_or_changed_file_is_found(folder: Path) -> None:
    name = keep(Quarantine.of(folder), bytes(3 * CHUNK))
    private, path = folder.parent / "private.pem", folder / name
    sealed = path.read_bytes()
    for broken in (
        sealed[:-1],
        sealed[: -CHUNK - 16],
        sealed + b"x",
        sealed[:-1] + b"x",
        sealed[:200] + b"x" + sealed[201:],
    ):
        path.write_bytes(broken)
        with pytest.raises(UsageError, match="changed or cut off"):
            list(open_exhibit(folder, name, private))
    for head in (b"", b"something else" * 20):
        path.write_bytes(head)
        with pytest.raises(UsageError, match="not a sealed file"):
            list(open_exhibit(folder, name, private))


def test_another_key_opens_nothing(folder: Path, tmp_path: Path) -> None:
    name = keep(Quarantine.of(folder), b"evidence")
    make_keys(tmp_path / "other", tmp_path / "other.pem")
    with pytest.raises(UsageError, match="this private key does not open it"):
        list(open_exhibit(folder, name, tmp_path / "other.pem"))
    with pytest.raises(UsageError, match="not a private key"):
        list(open_exhibit(folder, name, folder / "public.pem"))


@pytest.mark.parametrize("name", ["../private.pem", "/etc/passwd", "\x1b[2J", ""])
def test_only_names_of_objects_are_opened(folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no object in quarantine"):
        list(open_exhibit(folder, name, folder.parent / "private.pem"))


def test_keys_are_made_once(folder: Path) -> None:
    with pytest.raises(UsageError, match="there is a key already"):
        make_keys(folder, folder.parent / "second.pem")
    assert not (folder.parent / "second.pem").exists()


def test_without_keys_nothing_is_kept(tmp_path: Path) -> None:
    quarantine = Quarantine.of(tmp_path / "none")
    assert not quarantine.ready
    assert exhibits(tmp_path / "none") == []
    with pytest.raises(OSError, match="no key yet"):
        quarantine.writer(CASE)
