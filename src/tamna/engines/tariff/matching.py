"""What an order's name may mean among the fees (오더 → 수가 제안): likeness of letters, and what people confirmed before.

Names are compared by runs of one to three letters, rare runs weighing more (TF–IDF, cosine); spaces, case and brackets do not
count. A name that people gave to a fee before is one more name of that fee. Confidence: 1 for the very same name of one fee alone,
else the likeness, lowered by how near the next fee is; `bench/matching.py` measures how often the first is right.
In: (code, Korean name, English name) of the fees, (name, code) confirmed. Out: suggestions, best first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

LEAST = 0.25  # below this likeness nothing is said
NOISE = re.compile(r"[\s()\[\]{}<>_/·,.\-]+")


@dataclass(frozen=True)
class Suggestion:
    """A fee that an order may mean."""

    code: str
    name: str  # the fee's own, or what people called it
    likeness: float
    confidence: float
    learnt: bool  # by a name that people confirmed


def plain(name: str) -> str:
    """A name without what spelling differs in."""
    return NOISE.sub("", name).casefold()


class Index:
    """The fees of a day, ready to be asked."""

    def __init__(self, fees: Sequence[tuple[str, str, str]], learnt: Sequence[tuple[str, str]] = ()) -> None:
        in_force = {code for code, _, _ in fees}
        rows = [(code, name, False) for code, ko, en in fees for name in dict.fromkeys((ko, en)) if plain(name)]
        rows += [(code, name, True) for name, code in learnt if code in in_force and plain(name)]
        self._rows = rows
        self._exact: dict[str, set[str]] = {}
        for code, name, _ in rows:
            self._exact.setdefault(plain(name), set()).add(code)
        self._runs = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, dtype=np.float32)
        self._known = self._runs.fit_transform([plain(name) for _, name, _ in rows]) if rows else None

    def nearest(self, name: str, limit: int = 3) -> list[Suggestion]:
        """The fees nearest to a name, one row a fee. Empty where nothing is near."""
        wanted = plain(name)
        if not wanted or self._known is None:
            return []
        likeness = (self._known @ self._runs.transform([wanted]).T).toarray().ravel()
        best: dict[str, tuple[float, bool, str]] = {}
        count = min(len(likeness), 20 * limit + 20)
        for place in np.argpartition(-likeness, count - 1)[:count]:
            code, called, is_learnt = self._rows[place]
            found = (float(likeness[place]), is_learnt, called)
            if found[0] >= LEAST and (code not in best or found > best[code]):
                best[code] = found
        ranked = sorted(best.items(), key=lambda row: (-row[1][0], not row[1][1], row[0]))[: limit + 1]
        same = self._exact.get(wanted, set())
        found_rows = []
        for place, (code, (like, is_learnt, called)) in enumerate(ranked[:limit]):
            others = [row[1][0] for row in ranked if row[0] != code]
            rival = min(1.0, max(others, default=0.0) / like)
            sure = 1.0 / len(same) if code in same else min(0.99, like * (1 - rival / 2) if place == 0 else like * 0.3)
            found_rows.append(Suggestion(code, called, round(min(like, 1.0), 4), round(sure, 4), is_learnt))
        return found_rows
