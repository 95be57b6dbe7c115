"""The built-in fuzzer: seeded mutations of a corpus that grows with what leads somewhere new."""

from __future__ import annotations

import random
import time
import tracemalloc
from typing import NamedTuple

from tests.fuzz.seeds import corpus
from tests.fuzz.targets import Target

MAX_INPUT = 64 * 1024
MAX_SECONDS = 5.0
"""CPU time of one input, with room for a busy machine and for instrumentation."""
MAX_MEMORY = 64 * 1024 * 1024
"""Memory that one input may make a parser take."""
MEMORY_EVERY = 50
"""Measuring memory is slow: one input in so many."""

INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


class BrokenPromiseError(AssertionError):
    """One input took too much time or memory."""


class Failure(NamedTuple):
    """An input that broke a parser."""

    target: str
    data: bytes
    error: Exception


def check(target: Target, data: bytes, *, memory: bool = False) -> frozenset[str]:
    """Run one input; raises when the parser does, or when it takes too much time or memory."""
    if memory:
        tracemalloc.start()
    start = time.process_time()
    try:
        outcome = target.run(data)
        spent = time.process_time() - start
        peak = tracemalloc.get_traced_memory()[1] if memory else 0
    finally:
        if memory:
            tracemalloc.stop()
    if spent > MAX_SECONDS:
        raise BrokenPromiseError(f"{target.name}: {spent:.1f} s for {len(data)} bytes")
    if peak > MAX_MEMORY:
        raise BrokenPromiseError(f"{target.name}: {peak >> 20} MiB for {len(data)} bytes")
    return outcome


def fuzz(target: Target, seconds: float, seed: int = 0) -> tuple[int, Failure | None]:
    """Mutate for a while; returns how many inputs were run, and the first failure. Seeds are run as they are too."""
    chance = random.Random(f"{seed} {target.name}")
    inputs = [*target.seeds(corpus()), b""]
    waiting, known, runs = list(inputs), set[frozenset[str]](), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = waiting.pop() if waiting and runs % 4 == 0 else mutated(chance, inputs)
        try:
            outcome = check(target, data, memory=runs % MEMORY_EVERY == 0)
        except Exception as error:  # noqa: BLE001 — whatever a parser raises is the finding
            return runs + 1, Failure(target.name, data, error)
        runs += 1
        if outcome not in known:
            known.add(outcome)
            inputs.append(data)
    return runs, None


def mutated(chance: random.Random, inputs: list[bytes]) -> bytes:
    """One of the inputs after a few changes."""
    data = bytearray(chance.choice(inputs))
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        chance.choice(CHANGES)(chance, data, inputs)
    return bytes(data[:MAX_INPUT])


def _flip(chance: random.Random, data: bytearray, inputs: list[bytes]) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _number(chance: random.Random, data: bytearray, inputs: list[bytes]) -> None:
    width = chance.choice((1, 2, 4))
    value = chance.choice((*INTERESTING, len(data), chance.getrandbits(32))) & (1 << 8 * width) - 1
    start = chance.randint(0, len(data))
    data[start : start + width] = value.to_bytes(width, chance.choice(("big", "little")))


def _insert(chance: random.Random, data: bytearray, inputs: list[bytes]) -> None:
    start = chance.randint(0, len(data))
    data[start:start] = chance.randbytes(chance.choice((1, 2, 4, 16, 256)))


def _delete(chance: random.Random, data: bytearray, inputs: list[bytes]) -> None:
    start = chance.randint(0, len(data))
    del data[start : start + chance.choice((1, 2, 4, 16, 256))]


def _repeat(chance: random.Random, data: bytearray, inputs: list[bytes]) -> None:
    start = chance.randint(0, len(data))
    data[start:start] = data[start : start + chance.choice((1, 4, 64, 512))] * chance.choice((1, 2, 8, 64))


def _splice(chance: random.Random, data: bytearray, inputs: list[bytes]) -> None:
    other = chance.choice(inputs)
    start, take = chance.randint(0, len(data)), chance.randint(0, len(other))
    data[start:] = other[take:]


def _cut(chance: random.Random, data: bytearray, inputs: list[bytes]) -> None:
    del data[chance.randint(0, len(data)) :]


CHANGES = (_flip, _flip, _number, _number, _insert, _delete, _repeat, _splice, _cut)
