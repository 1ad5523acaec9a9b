"""What pairs of measurements say: the median of their ratios, and how far it can be trusted."""

import math
import statistics

CONFIDENCE = 0.95


def interval_of_median(values, confidence=CONFIDENCE):
    """(low, high) between which the median of what `values` were drawn from lies with this confidence; None if they
    are too few to say.

    By ranks: each value is below the true median with probability 1/2, whatever the distribution, so how many of
    them are is binomial. The k-th smallest and the k-th largest enclose it but for twice that tail."""
    ordered = sorted(values)
    count = len(ordered)
    outside, tail = 0, 0.0  # values to leave out at each end; probability that as many or fewer are below
    for rank in range(count // 2):
        tail += math.comb(count, rank) / 2 ** count
        if 2 * tail > 1 - confidence:
            break
        outside = rank + 1
    return (ordered[outside - 1], ordered[count - outside]) if outside else None


def compare(pairs):
    """Of (A, B) pairs: medians, the median of the ratios B/A, its interval, and each ratio."""
    ratios = [b / a for a, b in pairs]
    return {"a": statistics.median(a for a, _ in pairs), "b": statistics.median(b for _, b in pairs),
            "ratio": statistics.median(ratios), "interval": interval_of_median(ratios), "ratios": ratios}
