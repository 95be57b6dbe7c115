"""The asyncio half of the guard: listeners, relays, TLS, limits, reload, drain, status.

`Guard(policy, …).run()` guards; `ask` questions a running one. A `Door` is one listener, a `Relay` one client with its
conversation, a `Link` one connection; the `Poller` wakes links up.
"""

from leadapron.guard.shell.asking import NAME, ask
from leadapron.guard.shell.door import Speaker
from leadapron.guard.shell.guard import DRAIN, Guard

__all__ = ["DRAIN", "NAME", "Guard", "Speaker", "ask"]
