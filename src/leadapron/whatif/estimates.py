"""Mean and interval of a number over runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from leadapron.model.scenarios import Estimate


def estimate(values: ArrayLike) -> Estimate:
    """Of one number per run; at least one run. A number of devices or exams is never infinite, so neither is this."""
    numbers = np.asarray(values, dtype=np.float64)
    p5, p50, p95 = (float(one) for one in np.percentile(numbers, (5, 50, 95)))
    return Estimate(mean=float(numbers.mean()), p5=p5, p50=p50, p95=p95)
