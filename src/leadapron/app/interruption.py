"""Ctrl-C while sources are read: it takes effect between two steps, so that none is torn apart."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class Interruption:
    """Remembers that Ctrl-C was pressed (`asked`); only waiting for bytes, which may take for ever, is broken off."""

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Meanwhile Ctrl-C comes here. Elsewhere than in the main thread, or where it is ignored, nothing changes."""
        python_raises = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if not python_raises or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._press)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def until_asked(self, items: Iterator[T]) -> Iterator[T]:
        """The items, up to the last one that came before Ctrl-C."""
        while not self.asked:
            self._waiting = True
            try:
                item = next(items)
            except StopIteration:
                return
            except KeyboardInterrupt:
                self.asked = True
                return
            finally:
                self._waiting = False
            yield item

    def _press(self, number: int, frame: FrameType | None) -> None:
        if self._waiting:
            raise KeyboardInterrupt
        self.asked = True
