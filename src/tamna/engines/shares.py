"""Shares of counts: their interval, and whether two differ (비율의 구간과 비교). Pure arithmetic; two-sided, normal."""

from math import erfc, sqrt

Z95 = 1.959963984540054  # two-sided 95 %


def z_of(hits: int, of: int, other_hits: int, other_of: int) -> float:
    """Two-proportion z with the pooled share; zero where nothing can be compared."""
    if not of or not other_of:
        return 0.0
    pooled = (hits + other_hits) / (of + other_of)
    spread = sqrt(pooled * (1 - pooled) * (1 / of + 1 / other_of))
    return (other_hits / other_of - hits / of) / spread if spread else 0.0


def p_of(z: float) -> float:
    """Both tails of the normal."""
    return erfc(abs(z) / sqrt(2))


def wilson(hits: int, of: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval of a share; the whole line where nothing was counted."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, z * z / of
    middle = (share + square / 2) / (1 + square)
    spread = z / (1 + square) * sqrt(share * (1 - share) / of + square / (4 * of))
    return max(0.0, middle - spread), min(1.0, middle + spread)
