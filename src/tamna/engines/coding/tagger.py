"""Where in a note a finding is said (소견 위치): for each token the chance that a coder would mark it, from the words around it."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tamna.engines.coding.notes import Marked, Note, words
from tamna.engines.learning.columns import Floats
from tamna.engines.learning.metrics import expit

WIDTH = 1 << 17
REACH = 3  # tokens to each side that are looked at
BEFORE = 6  # tokens before, in which a denial or a relative counts


class Tagger:
    """A logistic line over hashed words; no word of a note is kept."""

    def __init__(self, weights: Floats, intercept: float) -> None:
        self.weights, self.intercept = weights, intercept

    @classmethod
    def fit(cls, marked: Sequence[Marked], seed: int) -> "Tagger":
        from scipy import sparse
        from sklearn.linear_model import SGDClassifier

        rows = sparse.vstack([hashed(one.note) for one in marked])
        happened = np.concatenate([_flags(one) for one in marked])
        if len(np.unique(happened)) < 2:
            return cls(np.zeros(WIDTH), -30.0)
        line = SGDClassifier(loss="log_loss", alpha=3e-6, max_iter=8, tol=None, average=True, random_state=seed)
        line.fit(rows, happened)
        return cls(line.coef_[0], float(line.intercept_[0]))

    def __call__(self, note: Note) -> Floats:
        if not note.stems:
            return np.zeros(0)
        return expit(np.asarray(hashed(note) @ self.weights).ravel() + self.intercept)

    def as_json(self) -> dict[str, Any]:
        weights = base64.b64encode(self.weights.astype("<f4").tobytes()).decode()
        return {"intercept": self.intercept, "weights": weights}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Tagger":
        weights = np.frombuffer(base64.b64decode(raw["weights"]), "<f4").astype(float)
        if len(weights) != WIDTH:
            raise ValueError("the tagger has another width")
        return cls(weights, float(raw["intercept"]))


def hashed(note: Note) -> Any:
    """The features of every token of a note as a sparse matrix."""
    from sklearn.feature_extraction import FeatureHasher

    return FeatureHasher(WIDTH, input_type="string", alternate_sign=False).transform(list(features(note)))


def features(note: Note) -> Iterator[list[str]]:
    stems, count = note.stems, len(note.stems)
    denied, family = words("denied"), words("family")
    for place, own in enumerate(stems):
        names = []
        for offset in range(-REACH, REACH + 1):
            other = stems[place + offset] if 0 <= place + offset < count else "#"
            names.append(f"{offset}={other}")
            if abs(offset) <= 1:
                names += [f"p{offset}={other[:4]}", f"s{offset}={other[-4:]}"]
        before = stems[max(0, place - BEFORE) : place]
        last, following = stems[place - 1] if place else "#", stems[place + 1] if place + 1 < count else "#"
        names += [f"p={own[:length]}" for length in (3, 5, 6)] + [f"s={own[-length:]}" for length in (3, 5)]
        names += [f"before={last} {own}", f"after={own} {following}", f"third={3 * place // count}"]
        names += [f"shape={_shape(note.text[note.starts[place] : note.ends[place]])}"]
        names += [f"denied={not denied.isdisjoint(before)}", f"family={not family.isdisjoint(before)}"]
        yield names


def _shape(word: str) -> str:
    return "A" if word.isupper() else "Aa" if word[0].isupper() else "0" if word[0].isdigit() else "a"


def _flags(marked: Marked) -> Floats:
    flags = np.zeros(len(marked.note.stems))
    for _, places in marked.evidence:
        flags[list(places)] = 1
    return flags


def runs(note: Note, chance: Floats, least: float) -> Iterator[tuple[int, int]]:
    """Stretches of tokens of one sentence that were all found likely; a small word may stand between."""
    small, place, count = words("small"), 0, len(chance)

    def goes_on(last: int) -> bool:
        following = last + 1
        if following >= count or note.sentences[following] != note.sentences[last]:
            return False
        is_bridge = note.stems[following] in small and following + 1 < count and chance[following + 1] >= least
        return bool(chance[following] >= least or (is_bridge and note.sentences[following + 1] == note.sentences[last]))

    while place < count:
        first = place
        if chance[place] >= least:
            while goes_on(place):
                place += 1
            yield first, place
        place += 1
