"""Diagnosis codes from clinical text (진단 자동 코딩): codes with a score and the words that say each.

fit --texts TEXTS --labels LABELS --model DIR: learns from coded texts, prints the card (out-of-fold F1, the phrase dictionary's beside it).
predict TEXTS --model DIR: JSON lines {id, accepted, ranked: [{code, score, evidence: {start, end, text}}]}; --explain adds the phrase
that each place was recognised by. Without --model: Korean notes, KCD codes by the shipped names and abbreviations, nothing learnt.
evaluate --texts TEXTS --labels LABELS --model DIR: JSON of micro F1, precision, recall and MAP, the dictionary's beside them.
evaluate --texts TEXTS --labels LABELS --backtest: the same out of fold, without a model.
TEXTS: JSON lines {id, text} (else the field en, else --field). LABELS: TSV or CSV of id and code; where a third to fifth column give kind,
words and places (12 20;25 31), places are learnt from and rows of another kind than diagnoses are left out.

Example:
  printf '{"id":"1","text":"고혈압으로 내원, r/o pneumonia"}' > notes.jsonl
  tamna code predict notes.jsonl
"""

import argparse
from typing import TYPE_CHECKING, Any

from tamna.commands.learners import act, actions, backtest_argument, origins_argument, tell
from tamna.commands.streams import BadInput, dump, report, written

if TYPE_CHECKING:
    from tamna.commands.codings import Coding


def arguments(parser: argparse.ArgumentParser) -> None:
    for name, action in actions(parser, __doc__):
        action.add_argument("--texts", metavar="TEXTS", help="the texts, where FILE is not given")
        action.add_argument("--field", metavar="NAME", help="the field of a text that is read")
        if name == "predict":
            action.set_defaults(labels=None)
            next(one for one in action._actions if one.dest == "model").required = False
        else:
            action.add_argument("--labels", metavar="LABELS", required=True, help="id and code of every code given")
        if name == "fit":
            origins_argument(action, 5)
        if name == "evaluate":
            backtest_argument(action, "judge TEXTS out of fold, each by what the others taught")
            origins_argument(action, 5)


def run(args: argparse.Namespace) -> int:
    from tamna.commands.codings import read

    def reading() -> "Coding":
        args.coder = _coder(args)
        return read(args, args.coder.card.get("field", "") if args.coder else "")

    return act(args, {"fit": _fit, "predict": _predict, "evaluate": _evaluate}, reading)


def _coder(args: argparse.Namespace) -> Any:
    """The model that is asked, if one is: what is read depends on what it learnt from."""
    from tamna.engines.coding import Coder

    return Coder.load(args.model) if args.model and args.action != "fit" else None


BASELINE = {
    "too_little_data": "too little to learn from: the phrase dictionary alone answers",
    "no_trees": "LightGBM cannot be loaded (libgomp1 is missing): the phrase dictionary alone answers",
}


def _fit(args: argparse.Namespace, coding: "Coding") -> int:
    coder = _learnt(args, coding)
    coder.save(args.model)
    return tell(coder.card, args, coding.refused)


def _learnt(args: argparse.Namespace, coding: "Coding") -> Any:
    from tamna.engines.coding import fit

    coder = fit(coding.coded, coding.marked, field=coding.field, count=args.origins, seed=args.seed)
    if coder.card["reason"]:
        report(BadInput(coder.card["reason"], BASELINE[coder.card["reason"]], hint="more coded texts"))
    return coder


def _predict(args: argparse.Namespace, coding: "Coding") -> int:
    from tamna.engines.coding.kcd import KcdIndex

    coder = args.coder or KcdIndex.shipped()
    with written(args.out) as out:
        for note in coding.notes:
            dump(_row(coder.answer(note), explain=args.explain), out)
    return 3 if coding.refused else 0


def _row(answer: Any, *, explain: bool) -> dict[str, Any]:
    ranked = []
    for one in answer.ranked:
        row = {"code": one.code, "score": one.score, "evidence": one.evidence.as_json()}
        ranked.append({**row, "steps": [{"label": "code.like", "value": one.evidence.like}]} if explain else row)
    return {"id": answer.id, "accepted": list(answer.accepted), "ranked": ranked}


def _evaluate(args: argparse.Namespace, coding: "Coding") -> int:
    if args.backtest:
        card = _learnt(args, coding).card
        answer = {
            **(card["out_of_fold"] or {}),
            "n": card["notes"],
            "reason": card["reason"],
            "split": card["split"],
            "task": "code",
        }
    else:
        answer = args.coder.evaluate(coding.coded)
    return tell(answer, args, coding.refused)


__all__ = ["arguments", "run"]
