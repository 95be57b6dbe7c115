"""A defect of the guard, told without anything that it was working on."""

from __future__ import annotations


def place_of(error: BaseException) -> str:
    """Kind and place of a defect, for whoever mends it: no value of any variable, so no bytes of a patient."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_name}, {code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
