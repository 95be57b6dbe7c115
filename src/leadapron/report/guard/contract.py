"""The document of `guard replay`: its form is a promise to programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

REPLAY: Final = "leadapron.replay/1"


class AnswerEntry(Struct, frozen=True, kw_only=True):
    """What one peer would have been told about one kind of operation."""

    listener: str
    client: str
    client_name: str
    calling_ae_title: str
    called_ae_title: str
    task: str
    """`store`, `find` …; empty: the association or connection as such."""
    command: str
    sop_class: str
    sop_class_name: str
    destination: str
    action: str
    reason: str
    rule: str
    """Empty: no rule matched."""
    detail: str
    refused: bool
    """False: it passes, or the policy itself has this rule in shadow."""
    shadow: bool
    count: int
    studies: int
    """Studies on the connections in which something would have been refused."""
    first: datetime
    connection: str
    """`uid` of the first connection, as in the workspace's events."""
    text: str
    """The decision in words: `denied by rule “CT 1”: more matches than allowed`."""


class ReplayDocument(Struct, frozen=True, kw_only=True):
    """Past traffic through a policy, before anyone enforces it."""

    schema: Literal["leadapron.replay/1"]
    version: str
    language: str
    generated: datetime
    policy: str
    policy_digest: str
    answer: tuple[str, ...]
    limits: tuple[str, ...]
    connections: int
    refused: int
    unguarded: Mapping[str, int]
    """Server that no listener stands before → its connections with DICOM or HL7."""
    answers: tuple[AnswerEntry, ...]
    """What would have been refused first."""
