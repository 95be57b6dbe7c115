"""The asyncio half of the guard: listeners, relays, TLS, limits, reload, drain, status."""
