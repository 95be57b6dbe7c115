"""What the messages of one SMB connection add up to; SMB 1 and SMB 2 tell it in different words."""

from __future__ import annotations

from leadapron.see.wire import ntlm
from leadapron.see.wire.ntlm import NtlmKind

MAX_SHARES = 32
MAX_PENDING = 32
"""Tree connects waiting for their answer."""
MAX_SHARE_NAME = 80


class SmbFacts:
    """Mutable while the connection lasts; `smb` makes the event of it."""

    def __init__(self) -> None:
        self.dialect = ""
        self.smb1_offered = False
        self.signing_enabled = False
        self.signing_required = False
        self.encrypted = False
        self.server = ntlm.NtlmMessage(kind=NtlmKind.CHALLENGE)
        self.client_host = ""
        self.client_version = ""
        self.server_native = ""
        self.client_native = ""
        self.nobody_asked = False
        self.anonymous = False
        self._granted: dict[str, None] = {}
        self._pending: dict[bytes, str] = {}

    def hear_ntlm(self, data: bytes) -> None:
        """Take what an NTLM message in `data`, if there is one, says of its sender."""
        message = ntlm.find(data)
        if message is None:
            return
        if message.kind is NtlmKind.CHALLENGE:
            self.server = message
            return
        self.client_host = message.host or self.client_host
        self.client_version = message.version or self.client_version
        if message.kind is NtlmKind.AUTHENTICATE:
            self.nobody_asked = message.anonymous

    def session_answered(self, *, granted: bool, nobody: bool) -> None:
        """A session was set up or refused; `nobody`: the server says that it is a guest's or a null session."""
        self.anonymous = self.anonymous or (granted and (nobody or self.nobody_asked))

    def tree_asked(self, key: bytes, path: str) -> None:
        """A share is asked for; only the last part of its path is kept."""
        if len(self._pending) < MAX_PENDING:
            self._pending[key] = path.rpartition("\\")[2][:MAX_SHARE_NAME]

    def tree_answered(self, key: bytes, *, granted: bool) -> None:
        share = self._pending.pop(key, "")
        if granted and share and len(self._granted) < MAX_SHARES:
            self._granted[share] = None

    @property
    def shares(self) -> tuple[str, ...]:
        """Shares granted, then those whose answer was not seen; a refused one is nobody's share."""
        names = dict.fromkeys((*self._granted, *self._pending.values()))
        return tuple(name for name in names if name)[:MAX_SHARES]
