"""What comes next in a series (예측): mean and 80 and 95 % intervals, beside the seasonal naive rule.

SERIES: CSV, TSV, JSON lines, Parquet, .gz with ds,y[,series][,known regressors]; rows after the last known y bring the regressors of
the moments to tell. Gaps stay gaps, equal rows count once, a regressor whose next values are not given is left out and said.
Answer: CSV series,ds,mean,lo80,hi80,lo95,hi95 (JSON lines or Parquet by the suffix of --out; --explain adds what told: mixture or
seasonal_naive). Series too short, or that nothing tells better, get the naive rule, said on standard error.
--backtest: JSON of mase, mape (a share: 0.05 is 5 %), coverage80, coverage95, each beside `naive`, over the last --origins stretches.
fit SERIES --model DIR keeps card and steps; predict --model DIR prints them, predict SERIES tells anew; evaluate is --backtest.

Example:
  tamna forecast arrivals.csv --freq D --horizon 28 --country KR
  tamna forecast arrivals.csv --freq D --horizon 28 --country KR --backtest --origins 4
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamna.commands.streams import BadInput, common_arguments, dump, report, written

if TYPE_CHECKING:
    from tamna.commands.tables import Table

ACTIONS = ("fit", "predict", "evaluate")
MOST_ORIGINS, MOST_STEPS = 200, 20_000


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", metavar="fit|predict|evaluate", nargs="?", help="may be left out: predict")
    common_arguments(parser, explain=True)
    parser.add_argument(
        "--freq", type=_freq, metavar="H|D|W|M", help="hours, days, weeks, months (default: as the moments lie)"
    )
    parser.add_argument(
        "--horizon", type=_whole(MOST_STEPS), metavar="N", help="steps to tell (default: 24, 28, 12, 12)"
    )
    parser.add_argument(
        "--country", type=str.upper, default="KR", help="whose holidays (ISO code, or NONE; default: KR)"
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="the model folder")
    parser.add_argument("--backtest", action="store_true", help="judge earlier stretches instead of telling the next")
    parser.add_argument(
        "--origins", type=_whole(MOST_ORIGINS), default=4, metavar="K", help="stretches to judge (default: 4)"
    )


def run(args: argparse.Namespace) -> int:
    from tamna.engines.errors import InputError
    from tamna.engines.learning import folder

    if args.action not in (None, *ACTIONS):
        if args.file != "-":
            raise BadInput("no_such_action", f"{args.action!r} is none of fit, predict, evaluate", field="action")
        args.file, args.action = args.action, None
    try:
        if args.action == "fit":
            if not args.model:
                raise BadInput("no_model", "nowhere to keep it", field="--model", hint="give --model DIR")
            folder.check_place(args.model)
        if args.action == "predict" and args.model and args.file == "-":
            return _kept(args)
        table = _table(args)
        return _judged(args, table) if args.backtest or args.action == "evaluate" else _told(args, table)
    except InputError as error:
        raise BadInput(error.code, error.message, field=error.field, hint=error.hint) from error


def _table(args: argparse.Namespace) -> "Table":
    """The table without rows that cannot be placed, each told."""
    from tamna.commands.tables import read_table
    from tamna.engines.forecast import unplaced

    table = read_table(args.file, args.format, strict=args.strict)
    bad = unplaced(table.frame)
    for place, name in bad:
        error = BadInput("bad_time" if name == "ds" else "bad_number", f"{name} cannot be read", row=table.rows[place], field=name, hint="this row is left out")  # fmt: skip
        if args.strict:
            raise error
        report(error)
    if len(bad) == len(table.rows):
        raise BadInput("empty", "no row can be used", field="ds", hint="ds,y[,series][,regressors]")
    return table.without([place for place, _ in bad]) if bad else table


def _told(args: argparse.Namespace, table: "Table") -> int:
    from tamna.engines.forecast import forecast, save

    rows, card = forecast(table.frame, freq=args.freq, horizon=args.horizon, country=args.country, seed=args.seed)
    _notes(card)
    if args.action == "fit":
        save(args.model, card, rows)
        with written(args.out) as out:
            dump(card, out)
    else:
        _write(args, rows)
    return 3 if table.refused else 0


def _kept(args: argparse.Namespace) -> int:
    from tamna.engines.forecast import load

    card, rows = load(args.model)
    _notes(card)
    _write(args, rows)
    return 0


COLUMNS = ("series", "ds", "mean", "lo80", "hi80", "lo95", "hi95")


def _write(args: argparse.Namespace, rows: Any) -> None:
    from tamna.commands.tables import write_table

    columns = [*COLUMNS, *(["model"] if args.explain else [])]
    write_table(args.out, columns, ([getattr(row, name) for name in columns] for row in rows))


def _notes(card: dict[str, Any]) -> None:
    """What a reader has to know, once each."""
    why: dict[str, list[str]] = {}
    for series, reason in card["baseline_used"].items():
        why.setdefault(reason, []).append(series)
    for reason, names in why.items():
        shown = ", ".join(name or "the series" for name in names[:3]) + (", …" if len(names) > 3 else "")
        report(BadInput(reason, f"{BASELINE[reason]}: {len(names)} series ({shown}) get the value one season before"))
    for name in card["regressors_not_known_ahead"]:
        report(BadInput("regressor_not_known_ahead", f"{name} is not given for the moments to tell and is left out", field=name, hint="add rows with ds and regressors, y left empty"))  # fmt: skip
    if card["noticed"]["duplicates"]:
        report(BadInput("duplicates", f"{card['noticed']['duplicates']} rows repeat a moment: equal ones count once, others by their mean", field="ds"))  # fmt: skip
    if card["noticed"]["gaps"]:
        report(BadInput("gaps", f"{card['noticed']['gaps']} moments are missing and stay so", field="ds"))


BASELINE = {
    "too_little_data": "too little to learn from",
    "not_better_than_naive": "nothing told earlier stretches better",
}


def _judged(args: argparse.Namespace, table: "Table") -> int:
    from tamna.engines.forecast import backtest

    answer = backtest(table.frame, freq=args.freq, horizon=args.horizon, country=args.country, origins=args.origins, seed=args.seed)  # fmt: skip
    with written(args.out) as out:
        dump(answer, out)
    return 3 if table.refused else 0


FREQS = {"H": "H", "D": "D", "W": "W", "M": "M", "MS": "M", "ME": "M", "B": "D", "7D": "W", "1H": "H", "1D": "D"}


def _freq(text: str) -> str:
    found = FREQS.get(text.upper().split("-")[0])
    if not found:
        raise argparse.ArgumentTypeError("H, D, W or M")
    return found


def _whole(most: int) -> Any:
    def whole(text: str) -> int:
        number = int(text)
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"1 to {most}")
        return number

    return whole
