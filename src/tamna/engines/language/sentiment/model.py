"""Good or bad (감성 분석): two lines over runs of letters, one by how rare each run is, one by which side it stands on.

Naive-Bayes weights under a logistic line (Wang and Manning, ACL 2012) beside TF-IDF under another; their sum is calibrated on
comments that neither had seen. Weights are kept as numbers by hash. In: texts, labels of two names. Raises InputError.
"""

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamna.engines.language.sentiment.grams import BITS, Grams, grams
from tamna.engines.learning.calibration import Calibrator, chosen
from tamna.engines.learning.columns import Floats

SIZE = 1 << BITS
CHUNK = 20_000
RARE = 2  # a run in fewer comments is not learnt from
SMOOTH = 1.0
STRENGTH = {"rare": 3.0, "sides": 1.0}  # inverse of the pull to nothing
BLOCKS = 5  # one of them is left out to calibrate


@dataclass(frozen=True)
class Lines:
    """`rarity` and the two lines' weights by number of a run; scores are logits."""

    rarity: Floats
    rare: Floats
    sides: Floats
    bias: float

    def score(self, texts: Sequence[str]) -> Floats:
        found = [self._score(grams(texts[at : at + CHUNK])) for at in range(0, len(texts), CHUNK)]
        return np.concatenate(found) if found else np.zeros(0)

    def _score(self, said: Grams) -> Floats:
        weight = self.rarity[said.columns]
        known = (weight > 0).astype(float)
        total = np.sqrt(np.bincount(said.rows, weight * weight, said.count))
        rare = np.bincount(said.rows, weight * self.rare[said.columns], said.count) / np.maximum(total, 1e-9)
        many = np.sqrt(np.bincount(said.rows, known, said.count))
        sides = np.bincount(said.rows, self.sides[said.columns], said.count) / np.maximum(many, 1.0)
        return np.asarray((rare + sides) / 2 + self.bias)

    @classmethod
    def fit(cls, said: Grams, happened: Floats) -> "Lines":
        count = np.bincount(said.columns, minlength=SIZE).astype(float)
        used = count >= min(RARE, max(1, said.count // 50))
        rarity = np.where(used, np.log((1 + said.count) / (1 + count)) + 1, 0.0)
        kept = used[said.columns]
        said = Grams(said.rows[kept], said.columns[kept], said.count)
        weight = rarity[said.columns]
        total = np.sqrt(np.bincount(said.rows, weight * weight, said.count))
        rare, bias_rare = _line(said, (weight / np.maximum(total, 1e-9)[said.rows]), happened, STRENGTH["rare"])
        good = np.bincount(said.columns, happened[said.rows], SIZE) + SMOOTH
        bad = count * used + 2 * SMOOTH - good
        side = np.where(used, np.log(good / good[used].sum()) - np.log(np.maximum(bad, SMOOTH) / bad[used].sum()), 0.0)
        many = np.sqrt(np.bincount(said.rows, minlength=said.count))
        values = side[said.columns] / np.maximum(many, 1.0)[said.rows]
        sides, bias_sides = _line(said, values, happened, STRENGTH["sides"])
        return cls(rarity, rare, sides * side, (bias_rare + bias_sides) / 2)

    def as_json(self) -> dict[str, Any]:
        return {"bias": self.bias} | {name: _packed(getattr(self, name)) for name in ("rarity", "rare", "sides")}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Lines":
        return cls(_unpacked(raw["rarity"]), _unpacked(raw["rare"]), _unpacked(raw["sides"]), float(raw["bias"]))


def _line(said: Grams, values: Floats, happened: Floats, strength: float) -> tuple[Floats, float]:
    """A logistic line by dual coordinate descent (liblinear), over the runs that stand somewhere."""
    from sklearn.linear_model import LogisticRegression

    line = LogisticRegression(C=strength, solver="liblinear", max_iter=100, random_state=0, dual=True, tol=0.01)
    line.fit(said.matrix(values.astype(np.float32)), happened)
    return line.coef_[0].astype(float), float(line.intercept_[0])


def _packed(values: Floats) -> dict[str, Any]:
    """Sixteen-bit steps of the largest value, as text."""
    scale = float(np.abs(values).max()) or 1.0
    steps = np.rint(values / scale * 32_767).astype("<i2")
    return {"scale": scale, "steps": base64.b64encode(zlib.compress(steps.tobytes(), 6)).decode()}


def _unpacked(raw: Mapping[str, Any]) -> Floats:
    packed = zlib.decompressobj().decompress(base64.b64decode(raw["steps"]), 2 * SIZE + 1)
    steps = np.frombuffer(packed, dtype="<i2")
    if len(steps) != SIZE:
        raise ValueError("weights of another size")
    return steps.astype(float) * (float(raw["scale"]) / 32_767)


def calibrated(texts: Sequence[str], happened: Floats, turns: Floats) -> tuple[Lines, Calibrator, Floats]:
    """Lines over all comments, and how their scores become chances, from the comments of one block that others told.

    `turns` deals the comments into blocks. Also gives the scores of the left-out block's comments by lines that had not seen them.
    """
    out = np.asarray(turns == 0)
    said = [grams([text for text, each in zip(texts, out, strict=True) if each == side]) for side in (False, True)]
    early = Lines.fit(said[0], happened[~out])
    told = early._score(said[1])
    halves = np.arange(len(told)) % 2
    mend = chosen([happened[out][halves == side] for side in (0, 1)], [told[halves == side] for side in (0, 1)])
    whole = Lines.fit(_joined(said, out), happened)
    return whole, mend, told


def _joined(said: Sequence[Grams], out: Any) -> Grams:
    """Both parts in the order of the table."""
    places = [np.flatnonzero(~out), np.flatnonzero(out)]
    rows = np.concatenate([place[each.rows] for place, each in zip(places, said, strict=True)])
    return Grams(rows, np.concatenate([each.columns for each in said]), len(out))
