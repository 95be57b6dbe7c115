"""Evidence on disk: objects that were stopped, sealed so that the guard itself cannot read them back.

    quarantine/public.pem              whom evidence is sealed for
    quarantine/20260102T030405Z-…      one object, sealed (guard.sealing)
    quarantine/20260102T030405Z-….json what is known of it, in the clear: no patient data

Nothing is ever deleted here: a full quarantine is an error, and the listener's `fail` decides what follows. Data rest
in the page cache until the system writes them; what a crash leaves half-written is removed at the next start.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from msgspec import Struct
from msgspec.structs import replace

from leadapron.guard.conversation import Bytes
from leadapron.guard.dicom.objects import Suspect
from leadapron.guard.sealing import CHUNK, Sealer, unseal
from leadapron.model.errors import UsageError

LIMIT = 10 << 30
"""Bytes of the whole folder."""
PAUSE = 60.0
"""Seconds for which nothing new is begun once something could not be kept: else each object would fail half-way."""
PUBLIC = "public.pem"
_PART = ".part"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{16}")


class Exhibit(Struct, frozen=True, kw_only=True):
    """What is known of one object in quarantine."""

    name: str = ""
    when: datetime
    """When it began to be kept."""
    address: str
    """Of the peer that sent it."""
    listener: str
    connection: str
    """`uid` of the events of its connection."""
    calling_ae_title: str = ""
    called_ae_title: str = ""
    user: str = ""
    task: str = ""
    sop_class: str = ""
    transfer_syntax: str = ""
    rule: str = ""
    finding: str = ""
    """Empty: the rule holds what it matches, or the finding came later (the decision's event names it)."""
    size: int = 0
    """Bytes that were kept: of an object found late, its beginning and the part that was found."""
    digest: str = ""
    """BLAKE3 of these bytes, without key."""


class Quarantine:
    """The folder, as the guard writes it."""

    def __init__(
        self,
        folder: Path,
        key: X25519PublicKey | None,
        limit: int = LIMIT,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Removes what an earlier run left half-written. Without a key nothing can be kept."""
        self._folder, self._key, self._limit = folder, key, limit
        self._steady = steady
        self._again = float("-inf")
        self._objects = self._bytes = 0
        if folder.is_dir():
            self._tidy()

    @classmethod
    def of(cls, folder: Path, limit: int = LIMIT) -> Quarantine:
        """The quarantine in `folder`; UsageError where it cannot be read."""
        try:
            return cls(folder, _public_key(folder / PUBLIC), limit)
        except OSError as error:
            raise UsageError(f"{error.filename}: cannot be read or tidied ({error.strerror})") from error

    @property
    def kept(self) -> tuple[int, int]:
        """Objects, and bytes on disk."""
        return self._objects, self._bytes

    @property
    def ready(self) -> bool:
        """Is there a key to seal with?"""
        return self._key is not None

    def open(self, suspect: Suspect) -> Writer:
        """For an object that was stopped. OSError where nothing can be kept."""
        peer, operation = suspect.peer, suspect.operation
        return self.writer(
            Exhibit(
                when=datetime.now(UTC),
                address=peer.address,
                listener=peer.listener,
                connection=suspect.uid,
                calling_ae_title=peer.calling,
                called_ae_title=peer.called,
                user=peer.user,
                task=operation.task,
                sop_class=operation.sop_class,
                transfer_syntax=operation.transfer_syntax,
                rule=suspect.rule,
                finding=suspect.finding,
            )
        )

    def writer(self, exhibit: Exhibit) -> Writer:
        """A place for one object; its name is given here. OSError where nothing can be kept."""
        if self._key is None:
            raise OSError(errno.ENOKEY, "the quarantine has no key yet", str(self._folder / PUBLIC))
        if self._steady() < self._again:
            raise OSError(errno.ENOSPC, "the quarantine has just had no room", str(self._folder))
        name = f"{exhibit.when.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}"
        return Writer(self, self._folder / name, replace(exhibit, name=name), self._key)

    def take(self, size: int) -> None:
        """Make room for so many bytes (or give it back): OSError where the folder would be too large."""
        if size > 0 and self._bytes + size > self._limit:
            raise OSError(errno.ENOSPC, f"the quarantine is full ({self._limit} bytes)", str(self._folder))
        self._bytes += size

    def count(self) -> None:
        """One more object is kept."""
        self._objects += 1

    def failed(self) -> None:
        """Something could not be kept."""
        self._again = self._steady() + PAUSE

    def _tidy(self) -> None:
        names = {entry.name for entry in self._folder.iterdir()}
        for name in names:
            path, object_name = self._folder / name, name.removesuffix(_PART).removesuffix(".json")
            if not _NAME.fullmatch(object_name):
                continue  # not ours
            if name.endswith(_PART) or object_name not in names:
                path.unlink()
            else:
                self._bytes += path.stat().st_size
                self._objects += name == object_name


class Writer:
    """One object on its way into quarantine. Small ones that are forgotten never touch the disk."""

    def __init__(self, quarantine: Quarantine, path: Path, exhibit: Exhibit, key: X25519PublicKey) -> None:
        self._quarantine, self._path, self._exhibit, self._key = quarantine, path, exhibit, key
        self._sealer: Sealer | None = None
        self._part = path.with_name(path.name + _PART)
        self._waiting = bytearray()
        self._size = 0
        self._taken = 0
        self._digest = blake3()
        self._file = -1
        """Open once there is something to put."""

    def write(self, data: Bytes) -> None:
        """The next bytes. OSError where there is no room; then `abort`."""
        self._waiting += data
        self._size += len(data)
        self._digest.update(data)
        while len(self._waiting) > CHUNK:
            try:
                self._put(bytes(self._waiting[:CHUNK]), last=False)
            except OSError:
                self._quarantine.failed()
                raise
            del self._waiting[:CHUNK]

    def commit(self) -> str:
        """Keep it; returns its name. OSError where there is no room; then `abort`."""
        try:
            return self._commit()
        except OSError:
            self._quarantine.failed()
            raise

    def _commit(self) -> str:
        self._put(bytes(self._waiting), last=True)
        exhibit = replace(self._exhibit, size=self._size, digest=self._digest.hexdigest())
        about = msgspec.json.format(msgspec.json.encode(exhibit)) + b"\n"
        self._take(len(about))
        described = self._path.with_name(self._path.name + ".json")
        draft = described.with_name(described.name + _PART)
        try:
            _create(draft, about)
            self._close()
            draft.rename(described)  # first: nothing is ever there without its description
            self._part.rename(self._path)
        except OSError:
            draft.unlink(missing_ok=True)
            described.unlink(missing_ok=True)
            raise
        self._quarantine.count()
        return exhibit.name

    def abort(self) -> None:
        """Forget it."""
        self._close()
        if self._sealer is not None:
            self._part.unlink(missing_ok=True)
        self._quarantine.take(-self._taken)
        self._taken = 0
        self._waiting.clear()

    def _put(self, chunk: bytes, *, last: bool) -> None:
        if self._sealer is None:
            self._file = os.open(self._part, _NEW, 0o600)
            self._sealer = Sealer(self._key)
        sealed = memoryview(self._sealer.seal(chunk, last=last))
        self._take(len(sealed))
        while sealed:
            sealed = sealed[os.write(self._file, sealed) :]

    def _take(self, size: int) -> None:
        self._quarantine.take(size)
        self._taken += size

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


# ------------------------------------------------------------ for people
def make_keys(folder: Path, private: Path) -> None:
    """A pair of keys, once: the public one into the quarantine, the private one to `private`, which should soon be
    taken to where the guard is not. UsageError where there is one already."""
    key = X25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if (folder / PUBLIC).exists():
        raise UsageError(f"{folder / PUBLIC}: there is a key already; what was sealed with it opens with its own only")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create(private, secret)
        _create(folder / PUBLIC, public)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be written ({error.strerror})") from error


def exhibits(folder: Path) -> list[Exhibit]:
    """What is in a quarantine, oldest first. UsageError where it cannot be read."""
    try:
        files = sorted(folder.glob("*.json")) if folder.is_dir() else []
        found = [msgspec.json.decode(file.read_bytes(), type=Exhibit) for file in files]
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise UsageError(f"{folder}: holds a description that this program did not write ({error})") from error
    return [exhibit for exhibit in found if (folder / exhibit.name).is_file()]


def open_exhibit(folder: Path, name: str, private: Path) -> Iterator[bytes]:
    """The bytes of one object, with the private key. UsageError where the key is another one, or the file was changed
    or cut off (then only after what came before)."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{_visible(name)}: no object in quarantine has such a name")
    key = _private_key(private)
    try:
        with (folder / name).open("rb") as file:
            yield from unseal(file, key, name)
    except OSError as error:
        raise UsageError(f"{folder / name}: cannot be read ({error.strerror})") from error


def _visible(name: str) -> str:
    """A name that was asked for, fit for a terminal."""
    return name.encode("ascii", "backslashreplace").decode()


def _create(path: Path, data: bytes) -> None:
    """A new file that only its owner reads."""
    with os.fdopen(os.open(path, _NEW, 0o600), "wb") as out:
        out.write(data)


def _public_key(path: Path) -> X25519PublicKey | None:
    try:
        key = load_pem_public_key(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UsageError(f"{path}: is not a public key") from error
    if not isinstance(key, X25519PublicKey):
        raise UsageError(f"{path}: is not an X25519 key")
    return key


def _private_key(path: Path) -> X25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path}: is not a private key without a passphrase") from error
    if not isinstance(key, X25519PrivateKey):
        raise UsageError(f"{path}: is not an X25519 key")
    return key
