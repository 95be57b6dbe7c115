"""What vendors and the hospital declare: MDS2 forms, SBOMs, asset lists, AE registers, network plans, as events.

Every file comes from outside and may be hostile: it is measured before a library parses it, and it is taken whole
or not at all. Errors are `SourceError`, naming file and place.

Public: `read_document` (a file → declarations), `ColumnMemory`, `join` (declarations + inventory → `Declarations`),
`zone_names` (zones by the network plan). For other tables: `tables.read_table`, `workbooks.open_workbook`.
"""

from leadapron.know.documents.columns import ColumnMemory
from leadapron.know.documents.join import join, zone_names
from leadapron.know.documents.recognise import read_document

__all__ = ["ColumnMemory", "join", "read_document", "zone_names"]
