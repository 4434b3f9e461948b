"""How likely something is for each row of any table (위험 예측): calibrated, with reasons, beside the naive rule.

fit DATA --model DIR --target COL --positive VALUE --id COL [--time COL] [--group COL] [--drop COL…]: learns, prints the card.
predict DATA --model DIR: CSV id,probability,reasons (JSON lines or Parquet by the suffix of --out; --explain adds steps).
evaluate DATA --model DIR, or evaluate DATA --backtest --target …: JSON of metrics with the naive rule's beside them, calibration,
groups, periods and the split. With --time nothing later than a row is used to judge it; the id and the time are never used as
they are. A column that alone tells every answer is left out (--keep COL takes it back). DATA: CSV, TSV, JSON lines, Parquet, .gz.

Example:
  seq 400 | awk 'BEGIN {print "id,month,late"} {print $1 "," $1 % 12 "," ($1 % 12 < 3 && $1 % 5 > 0)}' > visits.csv
  tamna risk fit visits.csv --model late --target late --positive 1 --id id
  tamna risk predict visits.csv --model late --lang en
"""

import argparse
from typing import TYPE_CHECKING, Any

from tamna.commands.learners import act, actions, backtest_argument, holds_lists, origins_argument, packed, tell
from tamna.commands.streams import BadInput, report

if TYPE_CHECKING:
    from tamna.commands.tables import Table
    from tamna.engines.risk import Risk, Roles


def arguments(parser: argparse.ArgumentParser) -> None:
    for name, action in actions(parser, __doc__):
        action.add_argument("--id", metavar="COL", help="the column that names a row")
        if name != "predict":
            is_fit = name == "fit"
            action.add_argument("--target", metavar="COL", required=is_fit, help="the column that says what happened")
            action.add_argument("--positive", metavar="VALUE", required=is_fit, help="its value that counts as a yes")
            action.add_argument("--time", metavar="COL", help="when a row was known: dates or numbers")
            for option, words in (("--group", "compare its values"), ("--drop", "columns not to use"),
                                  ("--keep", "columns to use in any case")):  # fmt: skip
                action.add_argument(option, metavar="COL", action="extend", nargs="+", default=[], help=words)
            origins_argument(action, 5)
        if name == "evaluate":
            backtest_argument(action, "judge DATA by what was known before each stretch of it")


def run(args: argparse.Namespace) -> int:
    from tamna.commands.tables import read_table

    do = {"fit": _fit, "predict": _predict, "evaluate": _evaluate}
    return act(args, do, lambda: read_table(args.file, args.format, strict=args.strict))


def _roles(args: argparse.Namespace) -> "Roles":
    from tamna.engines.risk import Roles

    if not args.target or args.positive is None:
        raise BadInput(
            "no_target", "what is to be told is not given", field="--target", hint="give --target and --positive"
        )
    return Roles(
        args.target,
        args.positive,
        args.id or "",
        args.time or "",
        tuple(args.group),
        tuple(args.drop),
        tuple(args.keep),
    )


def _timed(args: argparse.Namespace, table: "Table", roles: "Roles") -> "Table":
    """The table without rows whose time cannot be read, each told."""
    from tamna.engines.risk.task import untimed

    bad = untimed(table.frame, roles)
    for place in bad:
        said = table.frame[roles.time][place]
        error = BadInput(
            "bad_time",
            f"{said!r} is no time" if said else "the time is missing",
            row=table.rows[place],
            field=roles.time,
        )
        if args.strict:
            raise error
        report(error)
    return table.without(bad) if bad else table


def _fit(args: argparse.Namespace, table: "Table") -> int:
    from tamna.engines.risk import fit

    roles = _roles(args)
    table = _timed(args, table, roles)
    risk = fit(table.frame, roles, origins=args.origins, seed=args.seed)
    notes(risk.card)
    risk.save(args.model)
    return tell(risk.card, args, table.refused)


def notes(card: Any) -> None:
    """What the reader should know before trusting the model."""
    if card["candidates"] and not any("trees" in name for name in card["candidates"]):
        report(
            BadInput(
                "no_trees", "LightGBM cannot be loaded: the logistic line stands alone", hint="apt-get install libgomp1"
            )
        )
    for name, why in card["left_out"].items():
        if why == "tells_answer":
            hint = f"--keep {name} uses it all the same"
            report(
                BadInput("tells_answer", f"{name!r} alone tells every answer and is left out", field=name, hint=hint)
            )
    if card["reason"]:
        report(BadInput(card["reason"], BASELINE[card["reason"]], hint="more rows, or more telling columns"))


BASELINE = {
    "too_little_data": "too little to learn from: everyone gets the overall rate",
    "constant_target": "only one outcome is known: everyone gets the overall rate",
    "no_column": "no column is left to learn from: everyone gets the overall rate",
    "no_later_rows": "nothing could be judged on later rows: everyone gets the overall rate",
    "not_better_than_naive": "no model was better than the naive rule on later rows: the naive rule is used",
}


def _predict(args: argparse.Namespace, table: "Table") -> int:
    from tamna.commands.tables import write_table
    from tamna.engines.risk import Risk
    from tamna.engines.risk.reasons import said

    risk = Risk.load(args.model).named(args.id)
    table = _identified(args, table, risk)
    _lacking(risk, table)
    is_list = holds_lists(args)
    columns = ["id", "probability", "reasons", *(["steps"] if args.explain else [])]

    def rows() -> Any:
        for answer in risk.predict(table.frame):
            words = said(answer.reasons, args.lang, is_baseline=risk.is_baseline)
            steps = [reason.as_json() for reason in answer.reasons]
            yield [
                answer.id, answer.probability, words.split("; ") if is_list else words,
                *([steps if is_list else packed(steps)] if args.explain else []),
            ]  # fmt: skip

    write_table(args.out, columns, rows())
    return 3 if table.refused else 0


def _identified(args: argparse.Namespace, table: "Table", risk: "Risk") -> "Table":
    """The table without rows that have no id, each told."""
    name = risk.roles.id
    if not name or name not in table.frame.columns:
        return table
    missing = [place for place, value in enumerate(table.frame[name].to_list()) if not (value or "").strip()]
    for place in missing:
        error = BadInput("no_id", "the id is missing", row=table.rows[place], field=name)
        if args.strict:
            raise error
        report(error)
    if len(missing) == len(table.rows):
        raise BadInput("no_id", f"no row has an id in {name!r}", field=name, hint="name the id with --id")
    return table.without(missing) if missing else table


def _lacking(risk: "Risk", table: "Table") -> None:
    lacking = risk.lacking(table.frame.columns)
    if lacking and len(lacking) == len(risk.columns):
        raise BadInput(
            "no_such_column",
            "the table has none of the model's columns",
            hint="columns: " + ", ".join(risk.columns[:30]),
        )
    for name in lacking:
        report(BadInput("column_missing", f"the table has no column {name!r}: missing in every row", field=name))


def _evaluate(args: argparse.Namespace, table: "Table") -> int:
    from tamna.engines.risk import Risk, backtest

    if args.backtest:
        roles = _roles(args)
        table = _timed(args, table, roles)
        answer = backtest(table.frame, roles, origins=args.origins, seed=args.seed)
    else:
        risk = Risk.load(args.model).named(args.id, tuple(args.group))
        _lacking(risk, table)
        answer = risk.evaluate(table.frame)
    return tell(answer, args, table.refused)


__all__ = ["arguments", "run"]
