"""The learner itself: fit, predict, evaluate, and the folder that holds it.

A label is one of two names; the later one in order, or the one that reads as good, is positive. The naive rule is the word list's lean
alone. Where both labels are not seen often enough, that rule answers and says so.
"""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import tamna
from tamna.engines.errors import InputError
from tamna.engines.language.sentiment.model import BLOCKS, Lines, calibrated
from tamna.engines.language.sentiment.topics import lean, topics
from tamna.engines.learning import folder, metrics
from tamna.engines.learning.calibration import Calibrator
from tamna.engines.learning.columns import Floats, present

FORM = "tamna-sentiment/1"
ID, TEXT, LABEL = "id", "text", "label"
OTHER_NAMES = {
    ID: ("no", "key"),
    TEXT: ("document", "comment", "review", "sentence"),
    LABEL: ("sentiment", "polarity", "target"),
}
GOOD = ("1", "1.0", "pos", "positive", "good", "true", "긍정", "좋음", "만족")
ENOUGH = 40  # comments, and a quarter of them of the rarer label
NAIVE_RULE = "good words minus bad words of the hospital's list"


@dataclass(frozen=True)
class Opinion:
    """One comment's answer; `probability` is that of the positive label."""

    id: str
    label: str
    probability: float
    topics: list[str]
    lean: float  # what words of the hospital's list added to the logit


@dataclass(frozen=True)
class Sentiment:
    """Learnt lines with their card; none means the word list alone."""

    labels: tuple[str, str]  # negative, positive
    lines: Lines | None
    calibrator: Calibrator
    card: Mapping[str, Any]

    @property
    def is_baseline(self) -> bool:
        return self.lines is None

    def chances(self, texts: Sequence[str]) -> Floats:
        """Of the positive label."""
        leaning = np.array([lean(text) for text in texts])
        if self.lines is None:
            return metrics.expit(leaning)
        told = metrics.logit_of(self.calibrator(self.lines.score(texts)))
        return metrics.expit(told + leaning)

    def predict(self, table: pl.DataFrame) -> list[Opinion]:
        """Every comment, in the order of the table; an empty one is as likely good as bad."""
        table = named(table)
        texts = table[TEXT].fill_null("").to_list()
        names = present(table[ID]).fill_null("").to_list() if ID in table.columns else [""] * len(texts)
        chances = np.where([bool(text.strip()) for text in texts], self.chances(texts), 0.5)
        return [
            Opinion(
                name or str(row), self.labels[int(chance >= 0.5)], round(float(chance), 4), topics(text), lean(text)
            )
            for row, (name, text, chance) in enumerate(zip(names, texts, chances, strict=True), start=1)
        ]

    def evaluate(self, table: pl.DataFrame) -> dict[str, Any]:
        """Figures on comments that have a label. Raises InputError where none has one that was learnt."""
        table = named(table)
        rows = labelled(table, self.labels)
        if not len(rows):
            raise InputError("no_target", "no comment has a label that was learnt", LABEL, f"{self.labels[0]} or {self.labels[1]}")  # fmt: skip
        happened = (present(rows[LABEL]) == self.labels[1]).to_numpy().astype(float)
        texts = rows[TEXT].to_list()
        chances = self.chances(texts)
        naive = metrics.expit(np.array([lean(text) for text in texts]) + self.card["usual_logit"])
        return {
            "task": "sentiment", "model": self.card["model"], "reason": self.card["reason"], "n": len(rows),
            "metrics": figures(happened, chances), "naive": figures(happened, naive), "naive_rule": NAIVE_RULE,
            "calibration": {"reliability": metrics.reliability(happened, chances)}, "labels": list(self.labels),
            "split": {"kind": "given", "learnt_from": self.card["rows"]["learnt_from"]},
        }  # fmt: skip

    def save(self, place: Path) -> None:
        """Write the folder, whole or not at all."""
        model = {"form": FORM, "labels": list(self.labels), "calibrator": self.calibrator.as_json(), "lines": self.lines.as_json() if self.lines else None}  # fmt: skip
        folder.write(place, self.card, model)

    @classmethod
    def load(cls, place: Path) -> "Sentiment":
        card, raw = folder.read(place, FORM)
        try:
            negative, positive = map(str, raw["labels"])
            return cls((negative, positive), Lines.of(raw["lines"]) if raw["lines"] else None, Calibrator.of(raw["calibrator"]), card)  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("broken_model", f"{place} cannot be read ({error})", "--model", "fit the model again") from error  # fmt: skip


def figures(happened: Floats, chances: Floats) -> dict[str, Any]:
    """Accuracy and macro F1 at one half, and how far the chances keep their word."""
    said = chances >= 0.5
    scores = []
    for side in (0, 1):
        hits = float((said[happened == side] == side).sum())
        total = float((happened == side).sum() + (said == side).sum())
        scores.append(2 * hits / total if total else 0.0)
    auc = metrics.auc(happened, chances)
    return {
        "accuracy": metrics.rounded((said == happened).mean()), "f1": metrics.rounded(sum(scores) / 2), "auc": None if auc is None else metrics.rounded(auc),
        "brier": metrics.rounded(((chances - happened) ** 2).mean()), "log_loss": metrics.rounded(metrics.log_loss(happened, chances)),
        "ece": metrics.rounded(metrics.ece(happened, chances)),
    }  # fmt: skip


def named(table: pl.DataFrame) -> pl.DataFrame:
    """The table with its columns called `id`, `text` and `label`. Raises InputError without a text."""
    found: dict[str, str] = {}
    for name, others in OTHER_NAMES.items():
        if name not in table.columns:
            near = [column for each in (name, *others) for column in table.columns if column.strip().lower() == each]
            found |= {near[0]: name} if near else {}
    table = table.rename(found)
    if TEXT not in table.columns:
        raise InputError("no_such_column", f"the table has no column {TEXT!r}", TEXT, "id,text[,label]")
    return table


def labelled(table: pl.DataFrame, labels: Sequence[str]) -> pl.DataFrame:
    """Comments with words and one of these labels."""
    if LABEL not in table.columns:
        return table.clear()
    good = present(table[LABEL]).is_in(list(labels)) & (table[TEXT].fill_null("").str.strip_chars() != "")
    return table.filter(good.fill_null(False))


def fit(table: pl.DataFrame, *, seed: int = 0) -> Sentiment:
    """Learn from every comment with a label. Raises InputError unless there are two labels."""
    table = named(table)
    labels = _labels(table)
    rows = labelled(table, labels).unique(subset=[TEXT, LABEL], keep="first", maintain_order=True)
    happened = (present(rows[LABEL]) == labels[1]).to_numpy().astype(float)
    few = len(rows) < ENOUGH or min(happened.sum(), len(rows) - happened.sum()) < ENOUGH / 4
    texts = rows[TEXT].to_list()
    usual = float(np.clip(happened.mean(), 0.02, 0.98)) if len(rows) else 0.5
    if few:
        found = Sentiment(labels, None, Calibrator(), {})
        judged: dict[str, Any] | None = None
    else:
        turns = np.array([int.from_bytes(hashlib.blake2b(f"{seed}\0{text}".encode(), digest_size=4).digest()) % BLOCKS for text in texts])  # fmt: skip
        lines, mend, told = calibrated(texts, happened, turns)
        found = Sentiment(labels, lines, mend, {})
        judged = {
            "n": len(told),
            "metrics": figures(happened[turns == 0], mend(told)),
            "split": {"kind": "hash", "share": 1 / BLOCKS},
        }
    card = {
        "form": FORM, "labels": list(labels), "model": "word_list" if few else "lines", "reason": "too_little_data" if few else "",
        "naive_rule": NAIVE_RULE, "usual_logit": float(metrics.logit_of(np.array([usual]))[0]),
        "rows": {"rows": len(table), "learnt_from": len(rows)}, "held_out": judged, "calibration": found.calibrator.name, "seed": seed,
        "not_for": "one comment's judgement of one person; words are kept as hashed runs of letters, never as text",
        "versions": {"tamna": tamna.__version__, "python": platform.python_version()} | {name: metadata.version(name) for name in ("scikit-learn", "numpy", "polars")},
    }  # fmt: skip
    return Sentiment(labels, found.lines, found.calibrator, card)


def _labels(table: pl.DataFrame) -> tuple[str, str]:
    """Negative and positive: the two most frequent names."""
    if LABEL not in table.columns:
        raise InputError("no_such_column", f"the table has no column {LABEL!r}", LABEL, "learning needs labels")
    counts = present(table[LABEL]).drop_nulls().value_counts(sort=True)
    names = counts.columns[0]
    two = counts.sort(["count", names], descending=[True, False])[names].head(2).to_list()
    if len(two) < 2:
        raise InputError("no_target", "learning needs comments of two labels", LABEL, "for example 0 and 1")
    good = [name for name in two if name.lower() in GOOD]
    positive = good[0] if len(good) == 1 else max(two)
    return (next(name for name in two if name != positive), positive)
