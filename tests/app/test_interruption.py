"""Ctrl-C takes effect where it does no harm."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from leadapron.app.interruption import Interruption


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_a_step_is_finished_and_no_other_begun() -> None:
    interruption, done = Interruption(), []
    with interruption.watched():
        for item in interruption.until_asked(iter("abc")):
            press_ctrl_c()
            done.append(item)
    assert done == ["a"]
    assert interruption.asked


def test_waiting_for_the_next_item_is_broken_off() -> None:
    def slow() -> Iterator[str]:
        yield "a"
        press_ctrl_c()
        yield "b"

    interruption = Interruption()
    with interruption.watched():
        assert list(interruption.until_asked(slow())) == ["a"]
    assert interruption.asked


def test_nothing_is_asked_where_nobody_presses() -> None:
    interruption = Interruption()
    with interruption.watched():
        assert list(interruption.until_asked(iter("abc"))) == ["a", "b", "c"]
    assert not interruption.asked


def test_a_process_that_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption().watched():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_leaves_signals_alone() -> None:
    seen: list[object] = []

    def read() -> None:
        with Interruption().watched():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


def test_the_old_handler_is_back_after_an_error() -> None:
    with pytest.raises(ValueError, match="torn"), Interruption().watched():
        raise ValueError("torn")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
