"""Who may talk to whom: rules between zones learned from traffic, edited by people, rehearsed on the past.

Public: `propose` (traffic → rules), `write_rules` and `read_rules` (the file people edit), `allows` and `Decider` (what
the rules let through), `rehearse` (past traffic replayed against rules). `export` writes them for firewalls.
"""

from leadapron.whatif.segment.decision import Decider, Decision, Why, allows
from leadapron.whatif.segment.proposal import propose
from leadapron.whatif.segment.reading import read_rules
from leadapron.whatif.segment.rehearsal import rehearse
from leadapron.whatif.segment.writing import write_rules
from leadapron.whatif.segment.zones import EXTERNAL, Atlas

__all__ = [
    "EXTERNAL",
    "Atlas",
    "Decider",
    "Decision",
    "Why",
    "allows",
    "propose",
    "read_rules",
    "rehearse",
    "write_rules",
]
