"""What rounds of A B B A say: the median of their ratios, and how far it can be trusted."""

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


def compare(rounds):
    """Each round: the two values of A, the two of B. Medians, the median of the ratios B/A, its interval, the ratios.

    A round's ratio is the geometric mean of its two pairs' ratios: what the first run of a pair has over the second
    stands once above the line and once below."""
    ratios = [math.sqrt(math.prod(b) / math.prod(a)) for a, b in rounds]
    return {"a": statistics.median(value for a, _ in rounds for value in a),
            "b": statistics.median(value for _, b in rounds for value in b),
            "ratio": statistics.median(ratios), "interval": interval_of_median(ratios), "ratios": ratios}
