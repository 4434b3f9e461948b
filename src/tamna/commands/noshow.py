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
from typing import TYPE_CHECKING, Any

from tamna.commands.learners import act, actions, backtest_argument, holds_lists, origins_argument, packed, tell
from tamna.commands.streams import BadInput, report

if TYPE_CHECKING:
    from tamna.commands.tables import Table


def arguments(parser: argparse.ArgumentParser) -> None:
    for name, action in actions(parser, __doc__):
        if name != "predict":
            origins_argument(action, 5)
        if name == "evaluate":
            backtest_argument(action, "judge BOOKINGS by those before each stretch")


def run(args: argparse.Namespace) -> int:
    from tamna.commands.tables import read_table

    do = {"fit": _fit, "predict": _predict, "evaluate": _evaluate}
    return act(args, do, lambda: _readable(args, read_table(args.file, args.format, strict=args.strict)))


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
    return tell(found.card, args, table.refused)


def _predict(args: argparse.Namespace, table: "Table") -> int:
    from tamna.commands.tables import write_table
    from tamna.engines.noshow import NoShows
    from tamna.engines.risk.reasons import said
    from tamna.params import load_raw

    found = NoShows.load(args.model)
    names = {name: words[args.lang] for name, words in load_raw("noshow/words")["columns"].items()}
    is_list = holds_lists(args)

    def rows() -> Any:
        for answer in found.predict(table.frame):
            words = said(answer.reasons, args.lang, is_baseline=found.is_baseline, names=names)
            steps = [reason.as_json() for reason in answer.reasons]
            yield [
                answer.id, answer.probability, words.split("; ") if is_list else words,
                *([steps if is_list else packed(steps)] if args.explain else []),
            ]  # fmt: skip

    write_table(args.out, ["booking_id", "probability", "reasons", *(["steps"] if args.explain else [])], rows())
    return 3 if table.refused else 0


def _evaluate(args: argparse.Namespace, table: "Table") -> int:
    from tamna.engines.noshow import NoShows, backtest

    if args.backtest:
        answer = backtest(table.frame, origins=args.origins, seed=args.seed)
    else:
        answer = NoShows.load(args.model).evaluate(table.frame)
    return tell(answer, args, table.refused)


__all__ = ["arguments", "run"]
