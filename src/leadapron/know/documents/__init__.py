"""What vendors and the hospital declare: MDS2 forms, SBOMs, asset lists, AE registers, network plans, as events.

Every file comes from outside and may be hostile: it is measured before a library parses it, and it is taken whole
or not at all. Errors are `SourceError`, naming file and place.
"""
