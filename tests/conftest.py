"""What every test shares: how hard hypothesis tries, and no knowledge but what comes with the program.

The network is loopback only: pytest-socket's options stand in ``pyproject.toml``. Choose a profile with
``HYPOTHESIS_PROFILE=thorough``; machines of continuous integration (``CI`` set) repeat the same examples each
time, so that a failure there is a failure here.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: the machines that run this are shared, and a slow example says nothing about the code.
settings.register_profile("quick", deadline=None, max_examples=50)
settings.register_profile("ci", parent=settings.get_profile("quick"), derandomize=True, database=None)
settings.register_profile("thorough", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))


@pytest.fixture(autouse=True, scope="session")
def _no_updated_knowledge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder instead of the developer's own updates, which would change what tests find; subprocesses too."""
    folder = tmp_path_factory.mktemp("knowledge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADAPRON_KNOWLEDGE", str(folder))
        yield folder
