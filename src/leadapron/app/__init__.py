"""Use cases: the only place that joins the rooms.

- `find_sources(arguments)` → what a person named, checked before any work starts.
- `ingest(workspace, sources)` → events in the workspace; may be interrupted, keeps what it has.
- `load_world(folder)` → `World`: all that is known of products, ready to be asked.
- `assess_workspace(workspace, rules, world, now=...)` → `Assessment`.
- `seed_of(sources)` → the key of a workspace that is thrown away, so that equal input gives equal output.
- `demo_source()`, `demo_papers()` → the bundled capture, and the papers of its department.
- `documents`, `planning`, `evidence`: documents and answers of a workspace, where a department stands, the dossier.
"""

from leadapron.app.assessing import assess_workspace
from leadapron.app.ingest import Progress, ingest
from leadapron.app.sources import SourceGroup, demo_papers, demo_source, find_sources, seed_of
from leadapron.app.world import World, load_world

__all__ = [
    "Progress",
    "SourceGroup",
    "World",
    "assess_workspace",
    "demo_papers",
    "demo_source",
    "find_sources",
    "ingest",
    "load_world",
    "seed_of",
]
