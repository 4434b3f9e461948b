"""How likely a booked patient does not come (예약 부도 예측): a calibrated chance with reasons, from what was known at booking.

fit BOOKINGS --model DIR: learns from bookings that say what happened (no_show: 1 or 0, true or false, yes or no), prints the card.
predict BOOKINGS --model DIR: CSV booking_id,probability,reasons (JSON lines or Parquet by the suffix of --out; --explain adds steps).
evaluate BOOKINGS --model DIR, or evaluate BOOKINGS --backtest: JSON of metrics with the naive rule's beside them, calibration, by sex,
age, insurance and department, for those booked ahead, and the split by slots.
BOOKINGS: CSV, TSV, JSON lines, Parquet, .gz with booking_id,patient_id,booked_at,slot_at,sex,age,department,…,no_show; further columns
may tell too. A patient's earlier slots count when they were over before booked_at. Too little data: everyone gets the overall rate.

Example:
  tamna noshow fit bookings.csv --model noshow
  tamna noshow predict tomorrow.csv --model noshow --lang en
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamna.commands.streams import BadInput, common_arguments, dump, report, written

if TYPE_CHECKING:
    from tamna.commands.tables import Table


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="fit|predict|evaluate")
    for name in ("fit", "predict", "evaluate"):
        action = actions.add_parser(name, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        common_arguments(action, explain=name == "predict")
        action.add_argument("--model", type=Path, metavar="DIR", required=name != "evaluate", help="the model folder")
        if name != "predict":
            action.add_argument("--origins", type=_some, default=5, metavar="K", help="stretches to judge (default: 5)")
        if name == "evaluate":
            action.add_argument("--backtest", action="store_true", help="judge BOOKINGS by those before each stretch")


def run(args: argparse.Namespace) -> int:
    from tamna.commands.tables import read_table
    from tamna.engines.errors import InputError
    from tamna.engines.learning import folder

    try:
        if args.action == "evaluate" and not args.model and not args.backtest:
            raise BadInput("no_model", "nothing to evaluate", field="--model", hint="give --model DIR, or --backtest")
        if args.action == "fit":
            folder.check_place(args.model)
        table = _readable(args, read_table(args.file, args.format, strict=args.strict))
        return {"fit": _fit, "predict": _predict, "evaluate": _evaluate}[args.action](args, table)
    except InputError as error:
        raise BadInput(error.code, error.message, field=error.field, hint=error.hint) from error


BAD = {"booking_id": "no_id", "slot_at": "bad_time", "no_show": "bad_outcome"}


def _readable(args: argparse.Namespace, table: "Table") -> "Table":
    """The table without rows that cannot be used, each told."""
    from tamna.engines.noshow import unplaced

    bad = unplaced(table.frame, with_outcome=args.action != "predict")
    for place, name in bad:
        error = BadInput(BAD[name], f"{name} is missing or cannot be read", row=table.rows[place], field=name)
        if args.strict:
            raise error
        report(error)
    if len(bad) == len(table.rows):
        raise BadInput("empty", "no row can be used", field="booking_id", hint="booking_id and slot_at")
    return table.without([place for place, _ in bad]) if bad else table


def _fit(args: argparse.Namespace, table: "Table") -> int:
    from tamna.commands.risk import notes
    from tamna.engines.noshow import fit

    found = fit(table.frame, origins=args.origins, seed=args.seed)
    notes(found.card)
    found.save(args.model)
    with written(args.out) as out:
        dump(found.card, out)
    return 3 if table.refused else 0


def _predict(args: argparse.Namespace, table: "Table") -> int:
    from tamna.commands.tables import write_table
    from tamna.engines.noshow import NoShows
    from tamna.engines.risk.reasons import said
    from tamna.params import load_raw

    found = NoShows.load(args.model)
    names = {name: words[args.lang] for name, words in load_raw("noshow/words")["columns"].items()}
    is_list = (args.out or "").removesuffix(".gz").endswith((".jsonl", ".json"))

    def rows() -> Any:
        for answer in found.predict(table.frame):
            words = said(answer.reasons, args.lang, is_baseline=found.is_baseline, names=names)
            steps = [reason.as_json() for reason in answer.reasons]
            yield [
                answer.id, answer.probability, words.split("; ") if is_list else words,
                *([steps if is_list else _json(steps)] if args.explain else []),
            ]  # fmt: skip

    write_table(args.out, ["booking_id", "probability", "reasons", *(["steps"] if args.explain else [])], rows())
    return 3 if table.refused else 0


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _evaluate(args: argparse.Namespace, table: "Table") -> int:
    from tamna.engines.noshow import NoShows, backtest

    if args.backtest:
        answer = backtest(table.frame, origins=args.origins, seed=args.seed)
    else:
        answer = NoShows.load(args.model).evaluate(table.frame)
    with written(args.out) as out:
        dump(answer, out)
    return 3 if table.refused else 0


def _some(text: str) -> int:
    number = int(text)
    if not 2 <= number <= 20:
        raise argparse.ArgumentTypeError("2 to 20")
    return number


__all__ = ["arguments", "run"]
