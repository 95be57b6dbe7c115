"""What the world and the house say: public fingerprints for now.

Public: `load_fingerprints`.
"""

from leadapron.know.fingerprints import load_fingerprints

__all__ = ["load_fingerprints"]
