"""What an attack would cost this department in exams, and what prevents most of it.

`department` makes the model from what was seen and judged; `scenarios` are content; `engine` spreads an attack;
`effect` turns fallen devices into lost exams; `simulate` joins them; `cut` finds the best measures; `paths` shows how
an attack gets somewhere; `segment` proposes and rehearses rules between zones; `exercise` writes what a team trains
with. Pure: same input and seed, same answer. NumPy, SciPy and numba are loaded by these modules only.
"""
