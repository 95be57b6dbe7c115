"""What every test shares: how hard hypothesis tries.

The network is loopback only: pytest-socket's options stand in ``pyproject.toml``. Choose a profile with
``HYPOTHESIS_PROFILE=thorough``; machines of continuous integration (``CI`` set) repeat the same examples each
time, so that a failure there is a failure here.
"""

import os

from hypothesis import settings

# No deadline: the machines that run this are shared, and a slow example says nothing about the code.
settings.register_profile("quick", deadline=None, max_examples=50)
settings.register_profile("ci", parent=settings.get_profile("quick"), derandomize=True, database=None)
settings.register_profile("thorough", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))
