"""How long each visitor will wait (대기시간 예측): minutes with an 80 % interval, from what was known at check-in.

fit LOG --model DIR: learns from days that are over, prints the card.
predict LOG --model DIR: replays the log in time order; CSV row,predicted,lo80,hi80 in the order of the input, rows counted from 1
(JSON lines or Parquet by the suffix of --out; --explain adds what each answer was told from).
evaluate LOG --model DIR, or evaluate LOG --backtest: JSON of mean absolute error, coverage and more, the naive rule's (people to be
called before × pace of today) beside them, by department, and the split by days.
LOG: CSV, TSV, JSON lines, Parquet, .gz with day,dept,doctor,kind,first_visit,appt_min,checkin_min,start_min,end_min (minutes
after midnight; blank where not known). A row is told from what happened before its check-in alone, so a log may hold people who
still wait. Further columns are not read.

Example:
  tamna wait fit visits.csv --model waits
  tamna wait predict today.csv --model waits
"""

import argparse
import math
from typing import TYPE_CHECKING, Any

from tamna.commands.learners import act, actions, backtest_argument, holds_lists, origins_argument, packed, tell
from tamna.commands.streams import BadInput, report

if TYPE_CHECKING:
    from tamna.commands.tables import Table


def arguments(parser: argparse.ArgumentParser) -> None:
    for name, action in actions(parser, __doc__):
        if name != "predict":
            origins_argument(action, 4)
        if name == "evaluate":
            backtest_argument(action, "judge LOG by the days before each stretch")


def run(args: argparse.Namespace) -> int:
    from tamna.commands.tables import read_table

    do = {"fit": _fit, "predict": _predict, "evaluate": _evaluate}
    return act(args, do, lambda: _readable(args, read_table(args.file, args.format, strict=args.strict)))


def _readable(args: argparse.Namespace, table: "Table") -> "Table":
    """The table, each row that cannot be placed in time told; such a row is not answered, its consultation is still seen."""
    from dataclasses import replace

    from tamna.engines.waits import unplaced

    bad = unplaced(table.frame)
    for place, name in bad:
        error = BadInput("no_time", f"{name} is missing or cannot be read", row=table.rows[place], field=name, hint="this row is not answered")  # fmt: skip
        if args.strict:
            raise error
        report(error)
    return replace(table, refused=table.refused + len(bad))


def _fit(args: argparse.Namespace, table: "Table") -> int:
    from tamna.engines.waits import fit

    waits = fit(table.frame, origins=args.origins, seed=args.seed)
    if waits.card["reason"]:
        report(BadInput(waits.card["reason"], BASELINE[waits.card["reason"]], hint="more days of the log"))
    waits.save(args.model)
    return tell(waits.card, args, table.refused)


BASELINE = {
    "too_little_data": "too little to learn from: everyone is told the queue's own sum",
    "no_trees": "LightGBM cannot be loaded (libgomp1 is missing): everyone is told the queue's own sum",
    "not_better_than_sum": "trees were not better on later days: everyone is told the queue's own sum",
}


def _predict(args: argparse.Namespace, table: "Table") -> int:
    from tamna.commands.tables import write_table
    from tamna.engines.waits import Waits

    waits = Waits.load(args.model)
    is_list = holds_lists(args)

    def rows() -> Any:
        for wait in waits.predict(table.frame):
            steps = {name: round(value, 2) for name, value in wait.known.items() if not math.isnan(value)}
            shown = [steps if is_list else packed(steps)] if args.explain else []
            yield [table.rows[wait.row], wait.predicted, wait.lo80, wait.hi80, *shown]

    write_table(args.out, ["row", "predicted", "lo80", "hi80", *(["steps"] if args.explain else [])], rows())
    return 3 if table.refused else 0


def _evaluate(args: argparse.Namespace, table: "Table") -> int:
    from tamna.engines.waits import Waits, backtest

    if args.backtest:
        answer = backtest(table.frame, origins=args.origins, seed=args.seed)
    else:
        answer = Waits.load(args.model).evaluate(table.frame)
    return tell(answer, args, table.refused)


__all__ = ["arguments", "run"]
