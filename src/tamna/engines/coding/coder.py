"""The learner (진단 코딩 학습기): a dictionary of phrases and a tagger propose, two layers of trees judge, out-of-fold F1 sets the line.

Every figure of the fit is out of its own fold: the dictionary and the tagger that speak about a note never saw it, the trees that
judge it were learnt from other notes, and the threshold is set on those judgements alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tamna.engines.coding import measures
from tamna.engines.coding.candidates import CODE_FEATURES, PLACE_FEATURES, STANDING, Place, by_code, places
from tamna.engines.coding.inference import inferred
from tamna.engines.coding.lexicon import Lexicon
from tamna.engines.coding.notes import Marked, Note
from tamna.engines.coding.tagger import Tagger
from tamna.engines.errors import InputError
from tamna.engines.learning import folder
from tamna.engines.learning.columns import Floats
from tamna.engines.learning.splits import origins
from tamna.engines.risk.models import trees_library

FORM = "tamna-code/1"
ENOUGH_NOTES = 30
ENOUGH_HITS = 60
TREES = {
    "objective": "binary", "learning_rate": 0.04, "min_data_in_leaf": 40, "feature_fraction": 0.6, "bagging_fraction": 0.8, "bagging_freq": 1,
    "lambda_l2": 5.0, "verbose": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip
PLACE_TREES = {"num_leaves": 31, "rounds": 160}
CODE_TREES = {"num_leaves": 12, "rounds": 160}
MOST_RANKED = 100
LEAST_SCORE = 0.002

Coded = Mapping[str, tuple[Note, frozenset[str]]]


@dataclass(frozen=True)
class Evidence:
    """Characters of the text that say a code, and the coders' phrase they were recognised by."""

    start: int
    end: int
    text: str
    like: str

    def as_json(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "text": self.text}


@dataclass(frozen=True)
class Suggestion:
    code: str
    score: float
    evidence: Evidence


@dataclass(frozen=True)
class Answer:
    """Codes of one note, best first; those at or over the threshold are accepted."""

    id: str
    accepted: tuple[str, ...]
    ranked: tuple[Suggestion, ...]


@dataclass(frozen=True)
class Proposer:
    """What was learnt of phrases and places."""

    lexicon: Lexicon
    tagger: Tagger

    @classmethod
    def fit(cls, marked: Sequence[Marked], seed: int) -> "Proposer":
        return cls(Lexicon.fit(marked), Tagger.fit(marked, seed))

    def __call__(self, note: Note) -> list[Place]:
        return places(note, self.lexicon, self.tagger)


@dataclass(frozen=True)
class Trees:
    text: str

    @classmethod
    def fit(cls, rows: Floats, happened: Floats, weights: Floats | None, settings: Mapping[str, Any], seed: int) -> "Trees":  # fmt: skip
        lightgbm = trees_library()
        params = TREES | {"num_leaves": settings["num_leaves"], "seed": seed}
        data = lightgbm.Dataset(rows, happened, weight=weights, params=params)
        return cls(lightgbm.train(params, data, num_boost_round=settings["rounds"]).model_to_string())

    @cached_property
    def booster(self) -> Any:
        return trees_library().Booster(model_str=self.text)

    def __call__(self, rows: Sequence[Sequence[float]] | Floats) -> Floats:
        return np.asarray(self.booster.predict(np.asarray(rows, float), num_threads=1)) if len(rows) else np.zeros(0)


@dataclass(frozen=True)
class Coder:
    """A learnt coder; without trees the dictionary alone answers, and the card says why."""

    card: Mapping[str, Any]
    proposer: Proposer
    place_trees: Trees | None
    code_trees: Trees | None
    threshold: float
    naive_threshold: float

    def predict(self, notes: Sequence[Note]) -> Iterator[Answer]:
        for note in notes:
            yield self.answer(note)

    def answer(self, note: Note) -> Answer:
        found = self.proposer(note)
        if self.place_trees is None or self.code_trees is None:
            judged = _dictionary(found)
        else:
            judged = _judged(found, self.place_trees, self.code_trees)
        return _answer(note, judged, self.threshold)

    def naive(self, note: Note) -> Answer:
        """The dictionary alone: a phrase that stands there means the code it was given in most notes with it."""
        return _answer(note, _dictionary(self.proposer(note)), self.naive_threshold)

    def evaluate(self, coded: Coded) -> dict[str, Any]:
        """Micro F1, precision, recall and MAP on notes whose codes are known, the dictionary's beside them."""
        notes = [note for note, _ in coded.values()]
        truth = {name: codes for name, (_, codes) in coded.items()}
        return {
            **measures.figures(list(self.predict(notes)), truth),
            "naive": measures.figures([self.naive(note) for note in notes], truth),
            "n": len(notes), "codes": sum(map(len, truth.values())),
            "codes_known": round(measures.known_share(truth, self.proposer.lexicon.prior), 5),
            "threshold": round(self.threshold, 5), "task": "code",
        }  # fmt: skip

    def save(self, place: Path) -> None:
        model = {
            "form": FORM, "lexicon": self.proposer.lexicon.as_json(), "tagger": self.proposer.tagger.as_json(),
            "place_trees": self.place_trees.text if self.place_trees else None, "code_trees": self.code_trees.text if self.code_trees else None,
            "threshold": self.threshold, "naive_threshold": self.naive_threshold,
        }  # fmt: skip
        folder.write(place, self.card, model)

    @classmethod
    def load(cls, place: Path) -> "Coder":
        card, raw = folder.read(place, FORM)
        try:
            trees = [Trees(raw[name]) if raw[name] else None for name in ("place_trees", "code_trees")]
            proposer = Proposer(Lexicon.of(raw["lexicon"]), Tagger.of(raw["tagger"]))
            return cls(card, proposer, trees[0], trees[1], float(raw["threshold"]), float(raw["naive_threshold"]))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise InputError("broken_model", f"{place} cannot be read ({error})", "--model", "fit the model again") from error  # fmt: skip


def fit(coded: Coded, marked: Sequence[Marked] | None = None, *, field: str = "", count: int = 5, seed: int = 0) -> Coder:  # fmt: skip
    """Learn from coded notes; `marked` are the same notes with the places a coder marked, else those are inferred."""
    from threadpoolctl import threadpool_limits

    if not any(codes for _, codes in coded.values()):
        raise InputError("no_labels", "no text has a code", "--labels", "ids of labels and texts must be the same")
    with threadpool_limits(1):
        coder = _fit(coded, marked, count, seed)
    return replace(coder, card={**coder.card, "field": field})


def _fit(coded: Coded, marked: Sequence[Marked] | None, count: int, seed: int) -> Coder:
    by_name = {one.note.id: one for one in marked} if marked is not None else None
    proposer = Proposer.fit(_examples(coded, by_name, list(coded)), seed)
    names = list(coded)
    fold: dict[str, int] = {}
    found: dict[str, list[Place]] = {}
    for number, origin in enumerate(origins(None, names, count, seed) if len(names) >= ENOUGH_NOTES else []):
        own = Proposer.fit(_examples(coded, by_name, [names[place] for place in origin.known]), seed)
        for place in origin.judged:
            fold[names[place]], found[names[place]] = number, own(coded[names[place]][0])
    truth = {name: codes for name, (_, codes) in coded.items()}
    naive_said = [_answer(coded[name][0], _dictionary(found[name]), 0.0) for name in found]
    naive_threshold = measures.best_threshold(naive_said, truth)[0] if naive_said else 0.3
    hits = sum(place.code in truth[name] for name in found for place in found[name])
    card = _card(coded, marked is None, seed)
    if len(names) < ENOUGH_NOTES or hits < ENOUGH_HITS or not _has_trees():
        card |= {"reason": "no_trees" if not _has_trees() else "too_little_data", "out_of_fold": None}
        return Coder(card, proposer, None, None, naive_threshold, naive_threshold)
    said, trees = _learnt(coded, found, fold, truth, seed)
    threshold, _ = measures.best_threshold(said, truth)
    accepted = [_cut(answer, threshold) for answer in said]
    naive_accepted = [_cut(answer, naive_threshold) for answer in naive_said]
    card |= {"reason": "", "threshold": round(threshold, 5), "out_of_fold": {
        **measures.figures(accepted, truth), "naive": measures.figures(naive_accepted, truth), "folds": len(set(fold.values())),
    }}  # fmt: skip
    return Coder(card, proposer, *trees, threshold, naive_threshold)


def _has_trees() -> bool:
    try:
        trees_library()
    except InputError:
        return False
    return True


def _examples(coded: Coded, marked: Mapping[str, Marked] | None, names: Sequence[str]) -> list[Marked]:
    if marked is None:
        return inferred({name: coded[name] for name in names})
    return [marked[name] for name in names]


def _learnt(
    coded: Coded, found: Mapping[str, list[Place]], fold: Mapping[str, int], truth: Mapping[str, frozenset[str]], seed: int
) -> tuple[list[Answer], tuple[Trees, Trees]]:  # fmt: skip
    """Both layers of trees, and what they would have said of each note without having seen it."""
    names = list(found)
    rows = np.array([place.values for name in names for place in found[name]])
    happened = np.array([float(place.code in truth[name]) for name in names for place in found[name]])
    folds = np.array([fold[name] for name in names for _ in found[name]])
    weights = 1 / np.sqrt(rows[:, PLACE_FEATURES.index("places")])
    scores, place_trees = _crossed(rows, happened, folds, weights, PLACE_TREES, seed)
    ends = np.cumsum([len(found[name]) for name in names])[:-1]
    codes = [by_code(found[name], own) for name, own in zip(names, np.split(scores, ends), strict=True)]
    code_rows = np.array([values for own in codes for _, values in own.values()])
    code_happened = np.array(
        [float(code in truth[name]) for name, own in zip(names, codes, strict=True) for code in own]
    )
    code_folds = np.array([fold[name] for name, own in zip(names, codes, strict=True) for _ in own])
    code_scores, code_trees = _crossed(code_rows, code_happened, code_folds, None, CODE_TREES, seed)
    turn = iter(code_scores.tolist())
    judged = [{code: (place, next(turn)) for code, (place, _) in own.items()} for own in codes]
    said = [_answer(coded[name][0], own, 0.0) for name, own in zip(names, judged, strict=True)]
    return said, (place_trees, code_trees)


def _crossed(
    rows: Floats, happened: Floats, folds: Floats, weights: Floats | None, settings: Mapping[str, Any], seed: int
) -> tuple[Floats, Trees]:
    """Scores of every row by trees of the other folds, and the trees of all."""
    scores = np.zeros(len(rows))
    for number in np.unique(folds):
        own = folds == number
        own_weights = None if weights is None else weights[~own]
        scores[own] = Trees.fit(rows[~own], happened[~own], own_weights, settings, seed)(rows[own])
    return scores, Trees.fit(rows, happened, weights, settings, seed)


def _judged(found: Sequence[Place], place_trees: Trees, code_trees: Trees) -> dict[str, tuple[Place, float]]:
    if not found:
        return {}
    codes = by_code(found, place_trees([place.values for place in found]))
    scores = code_trees([values for _, values in codes.values()])
    return {code: (place, float(score)) for (code, (place, _)), score in zip(codes.items(), scores, strict=True)}


def _dictionary(found: Sequence[Place]) -> dict[str, tuple[Place, float]]:
    """Each code by the phrase that stands there and was given it most often; only a phrase's first code counts."""
    best: dict[str, tuple[Place, float]] = {}
    tops: dict[tuple[int, int], float] = {}
    standing = [place for place in found if place.how == STANDING]
    for place in standing:
        span = (place.first, place.last)
        tops[span] = max(tops.get(span, 0.0), place["given"])
    for place in standing:
        score = place["given"] / max(place["documents"], 1.0)
        is_first = place["given"] == tops[place.first, place.last]
        if is_first and score > best.get(place.code, (place, -1.0))[1]:
            best[place.code] = (place, score)
    return best


def _answer(note: Note, judged: Mapping[str, tuple[Place, float]], threshold: float) -> Answer:
    order = sorted(judged.items(), key=lambda row: (-row[1][1], row[0]))
    ranked = tuple(
        Suggestion(code, round(score, 5), Evidence(*note.said(place.first, place.last), " ".join(place.phrase)))
        for code, (place, score) in order[:MOST_RANKED]
        if score >= LEAST_SCORE
    )
    return _cut(Answer(note.id, (), ranked), threshold)


def _cut(answer: Answer, threshold: float) -> Answer:
    accepted = tuple(one.code for one in answer.ranked if one.score >= threshold)
    return Answer(answer.id, accepted, answer.ranked)


def _card(coded: Coded, is_inferred: bool, seed: int) -> dict[str, Any]:
    return {
        "form": FORM, "task": "code", "notes": len(coded), "codes_given": sum(len(codes) for _, codes in coded.values()),
        "codes": len({code for _, codes in coded.values() for code in codes}), "evidence": "inferred" if is_inferred else "marked",
        "features": [*CODE_FEATURES, *PLACE_FEATURES], "seed": seed,
        "split": "each note is judged by what was learnt from the notes of other folds",
    }  # fmt: skip
