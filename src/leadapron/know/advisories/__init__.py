"""Published statements on products, read into facts (`model.advisories`).

Public: `read_csaf`, `read_advisories` and its `Problem`; `read_kev`, `read_epss`, `read_endoflife`; `load_base`;
`score` of a CVSS vector.
"""

from leadapron.know.advisories.base import load_base
from leadapron.know.advisories.csaf import read_csaf
from leadapron.know.advisories.cvss import score
from leadapron.know.advisories.endoflife import read_endoflife
from leadapron.know.advisories.epss import read_epss
from leadapron.know.advisories.folder import Problem, read_advisories
from leadapron.know.advisories.kev import read_kev

__all__ = [
    "Problem",
    "load_base",
    "read_advisories",
    "read_csaf",
    "read_endoflife",
    "read_epss",
    "read_kev",
    "score",
]
