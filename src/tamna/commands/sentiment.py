"""Whether a comment is good or bad, and what it speaks of (감성 분석과 주제): a calibrated chance and topics of a hospital.

fit COMMENTS --model DIR: learns from comments with a label of two names (1 and 0, positive and negative, …), prints the card.
predict COMMENTS --model DIR: CSV id,label,probability,topics; the probability is that of the positive label, topics are keys joined by "; "
(lists in JSON lines; --explain adds `steps`: how far words of the hospital's list lean).
evaluate COMMENTS --model DIR: JSON of accuracy, F1, AUC, calibration, the naive rule's (the word list alone) beside them.
COMMENTS: CSV, TSV, JSON lines, Parquet, .gz with id,text[,label]. Topics: waiting, kindness, explanation, cost, cleanliness, facilities, parking,
booking, care, food. Too little to learn from: the word list answers and says so.

Example:
  tamna sentiment fit reviews.tsv --model sentiment
  tamna sentiment predict comments.csv --model sentiment
"""

import argparse
from typing import TYPE_CHECKING, Any

from tamna.commands.learners import act, actions, holds_lists, tell
from tamna.commands.streams import BadInput, report

if TYPE_CHECKING:
    from tamna.commands.tables import Table


def arguments(parser: argparse.ArgumentParser) -> None:
    for _ in actions(parser, __doc__):
        pass


def run(args: argparse.Namespace) -> int:
    args.backtest = False
    return act(args, {"fit": _fit, "predict": _predict, "evaluate": _evaluate}, lambda: _table(args))


def _table(args: argparse.Namespace) -> "Table":
    """Between tabs, comments hold quotes as people write them."""
    from tamna.commands.tables import read_table

    return read_table(args.file, args.format, strict=args.strict, quoted=False)


def _fit(args: argparse.Namespace, table: "Table") -> int:
    from tamna.engines.language.sentiment import fit

    found = fit(table.frame, seed=args.seed)
    if found.is_baseline:
        report(
            BadInput(
                "too_little_data",
                "too little to learn from: the word list answers",
                hint="more comments of both labels",
            )
        )
    found.save(args.model)
    return tell(found.card, args, table.refused)


def _predict(args: argparse.Namespace, table: "Table") -> int:
    from tamna.commands.tables import write_table
    from tamna.engines.language.sentiment import Sentiment

    found = Sentiment.load(args.model)

    def rows() -> Any:
        for answer in found.predict(table.frame):
            steps: Any = {"words_lean": answer.lean} if holds_lists(args) else f"words_lean={answer.lean}"
            yield [answer.id, answer.label, answer.probability, answer.topics, *([steps] if args.explain else [])]

    write_table(args.out, ["id", "label", "probability", "topics", *(["steps"] if args.explain else [])], rows())
    return 3 if table.refused else 0


def _evaluate(args: argparse.Namespace, table: "Table") -> int:
    from tamna.engines.language.sentiment import Sentiment

    return tell(Sentiment.load(args.model).evaluate(table.frame), args, table.refused)


__all__ = ["arguments", "run"]
