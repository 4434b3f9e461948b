"""How good codes are (코딩 평가): micro F1, precision and recall of what was accepted, mean average precision of the ranking."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tamna.engines.coding.coder import Answer

Truth = Mapping[str, frozenset[str]]


def figures(said: Sequence["Answer"], truth: Truth) -> dict[str, float]:
    """Over every note of the truth; a note that was not answered counts as answered with nothing."""
    hits = sum(len(truth[answer.id].intersection(answer.accepted)) for answer in said)
    accepted, given = sum(len(answer.accepted) for answer in said), sum(map(len, truth.values()))
    coded = [name for name, codes in truth.items() if codes]
    precisions = {
        answer.id: average_precision([one.code for one in answer.ranked], truth[answer.id]) for answer in said
    }
    mean = sum(precisions.get(name, 0.0) for name in coded) / max(len(coded), 1)
    return {
        "f1": round(2 * hits / max(accepted + given, 1), 5), "precision": round(hits / max(accepted, 1), 5),
        "recall": round(hits / max(given, 1), 5), "map": round(mean, 5),
    }  # fmt: skip


def average_precision(ranked: Sequence[str], codes: Collection[str]) -> float:
    hits, total = 0, 0.0
    for rank, code in enumerate(ranked, start=1):
        if code in codes:
            hits += 1
            total += hits / rank
    return total / len(codes) if codes else 0.0


def best_threshold(said: Sequence["Answer"], truth: Truth) -> tuple[float, float]:
    """The score from which codes are accepted for the best micro F1, halfway to the next lower one; and that F1."""
    scored = sorted(
        ((one.score, one.code in truth[answer.id]) for answer in said for one in answer.ranked), reverse=True
    )
    given = sum(map(len, truth.values()))
    hits, best, line = 0, 0.0, 1.0
    for number, (score, is_right) in enumerate(scored, start=1):
        hits += is_right
        following = scored[number][0] if number < len(scored) else 0.0
        f1 = 2 * hits / (number + given)
        if f1 > best and following < score:
            best, line = f1, (score + following) / 2
    return line, best


def known_share(truth: Truth, known: Collection[str]) -> float:
    """The share of the codes that stood in the learnt notes at all: no dictionary can find the others."""
    codes = [code for own in truth.values() for code in own]
    return sum(code in known for code in codes) / max(len(codes), 1)
