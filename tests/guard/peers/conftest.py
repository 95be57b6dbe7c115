"""Guards for the tests of this folder: started once a module, ended as a service is, and searched for patients."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.guard.peers.guarding import Guarding

StartGuard = Callable[..., Guarding]


@pytest.fixture(scope="module")
def start_guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartGuard]:
    """Starts guards with a policy's listeners and rules. When the module is over, nothing of a patient may be in any
    file, event or answer of theirs."""
    standing: list[Guarding] = []

    def start(text: str, *, metrics: str = "", key: Path | None = None) -> Guarding:
        standing.append(Guarding(tmp_path_factory.mktemp("guard"), text, metrics=metrics, key=key))
        return standing[-1]

    yield start
    for guard in standing:
        guard.stop()
    for guard in standing:
        assert guard.leaks() == []
