"""Check claims before they leave (사전심사): findings, score and won at risk of each.

Input: JSON lines {"claim": {…}, "lines": […], "diagnoses": […], "prescriptions": […], "notes": […],
"orders": [{code, done_on}]}, or a folder with claims.parquet, lines.parquet, diagnoses.parquet (prescriptions, notes, orders).
Output: JSON lines
{"claim_id", "score", "findings": [{rule_id, line_no, severity, message, source, fix, won_at_risk, …}], "detail",
"not_evaluated"}.
A rule whose columns the input lacks is listed under not_evaluated, never counted as passed.

example: tamna check claims.jsonl --lang en
         tamna check --bench 20000
"""

import argparse
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl
import psutil

from tamna.commands.streams import BadInput, common_arguments, dump, json_rows, opened, report, written
from tamna.engines.claimcheck import RuleError, RuleSet, schema
from tamna.engines.claimcheck.associations import mined
from tamna.engines.claimcheck.frame_documents import frames_of
from tamna.engines.claimcheck.frame_input import accepted, columns_of_frames, without_refused
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.report import scored
from tamna.engines.claimcheck.ruleset import Columns, columns_of
from tamna.engines.claimcheck.samples import synthetic
from tamna.engines.errors import InputError
from tamna.params import ParamsError

TILE = 2_000  # distinct synthetic claims; a bench repeats them under new numbers
BATCH = 250_000


def arguments(parser: argparse.ArgumentParser) -> None:
    common_arguments(parser)
    parser.add_argument("--rules", nargs="+", default=[], metavar="FILE", help="rule files that add or replace rules")
    parser.add_argument("--only", nargs="+", default=[], metavar="RULE", help="only these rules")
    parser.add_argument(
        "--on", type=date.fromisoformat, metavar="DATE", help="use the rules of this day for every claim"
    )
    parser.add_argument("--tables", type=Path, metavar="DIR", help="folder with NAME.csv tables of the institution")
    parser.add_argument("--bench", type=_positive, metavar="N", help="check N synthetic claims and print the speed")


def run(args: argparse.Namespace) -> int:
    if args.tables and not args.tables.is_dir():
        raise BadInput(
            "no_such_folder", f"{args.tables} is not a folder", field="--tables", hint="a folder of NAME.csv"
        )
    try:
        rules = RuleSet.load(args.on, args.rules, args.only, tables_folder=args.tables)
    except (RuleError, ParamsError) as error:
        raise BadInput(
            "bad_rule", str(error), field="--rules", hint="see docs on rules, or an existing rule file"
        ) from error
    if args.bench:
        with written(args.out) as out:
            dump(bench(rules, args.bench, args.seed), out)
        return 0
    if args.file != "-" and Path(args.file).is_dir():
        frames, columns, refused = _folder(Path(args.file), args.strict)
        documents = None
    else:
        documents, refused = _documents(args.file, args.strict)
        frames, columns = frames_of(documents), _columns(documents)
    if "U004" in rules.by_id and not rules.tables["associations"].rows:
        rules = rules.with_table("associations", mined(frames["claims"], frames["lines"]))
    found = FramesCheck(rules).check(frames, columns, documents)
    with written(args.out) as out:
        for answer in _answers(rules, frames["claims"], found, columns, args.lang):
            dump(answer, out)
    if refused and frames["claims"].is_empty():
        return 2
    return 3 if refused else 0


def bench(rules: RuleSet, count: int, seed: int) -> dict[str, Any]:
    """Speed over `count` synthetic claims, and of one warm claim."""
    documents = list(synthetic(min(count, TILE), seed))
    columns = _columns(documents)
    tile = frames_of(documents)
    check = FramesCheck(rules)
    check.check(tile, columns)  # tables are read and expressions built once
    findings = lines = 0
    spent = used = 0.0
    for start in range(0, count, BATCH):
        frames = _tiled(tile, start, min(BATCH, count - start))
        began, worked = time.perf_counter(), time.process_time()
        findings += len(check.check(frames, columns))
        spent += time.perf_counter() - began
        used += time.process_time() - worked
        lines += len(frames["lines"])
    single = [_timed(rules, document) for document in documents[:500]]
    return {
        "claims": count,
        "lines": lines,
        "rules": len(rules.rules) - len(rules.not_evaluated(columns)),
        "rules_loaded": len(rules.rules),
        "findings": findings,
        "seconds": round(spent, 3),
        "claims_per_s": round(count / spent),
        "lines_per_s": round(lines / spent),
        "cpu_seconds": round(used, 3),
        "claims_per_cpu_s": round(count / used),
        "one_claim_ms": round(median(wall for wall, _ in single) * 1000, 3),
        "one_claim_cpu_ms": round(median(cpu for _, cpu in single) * 1000, 3),
        "peak_mib": _peak_mib(),
        "synthetic": True,
    }


def _timed(rules: RuleSet, document: schema.Document) -> tuple[float, float]:
    """Seconds by the clock and of work."""
    began, worked = time.perf_counter(), time.process_time()
    rules.check_one(document)
    return time.perf_counter() - began, time.process_time() - worked


def _peak_mib() -> int:
    """Largest resident memory so far; what is resident now where the system keeps no peak."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return int(psutil.Process().memory_info().rss) >> 20
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) >> 10


def _tiled(tile: dict[str, pl.DataFrame], start: int, count: int) -> dict[str, pl.DataFrame]:
    """The tile repeated under new claim and patient numbers until there are `count` claims."""
    size = len(tile["claims"])
    turns = range(-(-count // size))
    frames = {}
    for scope, frame in tile.items():
        copies = [frame.with_columns(claim=pl.col("claim") + turn * size) for turn in turns]
        if scope == "claims":
            marks = (pl.lit(f"-{start + turn * size}") for turn in turns)
            copies = [
                copy.with_columns(pl.col("claim_id") + mark, pl.col("patient_ref") + mark)
                for copy, mark in zip(copies, marks, strict=True)
            ]
        frames[scope] = pl.concat(copies).filter(pl.col("claim") < count)
    return frames


def _documents(name: str, strict: bool) -> tuple[list[schema.Document], int]:
    good: list[schema.Document] = []
    refused = 0
    with opened(name) as text:
        for row, value in json_rows(text):
            try:
                if isinstance(value, BadInput):
                    raise value
                good.append(schema.normal(value))
            except InputError as error:
                bad = BadInput(error.code, error.message, row=row, field=error.field, hint=error.hint)
            except BadInput as error:
                bad = error
            else:
                continue
            if strict:
                raise bad
            report(bad)
            refused += 1
    return good, refused


def _columns(documents: list[schema.Document]) -> Columns:
    """Columns that some claim has: the file is one table."""
    columns: dict[str, frozenset[str]] = {"claims": frozenset()}
    for document in documents:
        for scope, names in columns_of(document).items():
            known = columns.get(scope)
            columns[scope] = names if known is None else known if names <= known else known | names
    return columns


def _folder(folder: Path, strict: bool) -> tuple[dict[str, pl.DataFrame], Columns, int]:
    """The tables of the folder; a claim with a value that cannot be read is told and left out."""
    given: dict[str, pl.DataFrame | None] = {}
    for scope in schema.SCOPES:
        path = folder / f"{scope}.parquet"
        if path.is_file():
            try:
                given[scope] = pl.read_parquet(path)
            except (pl.exceptions.PolarsError, OSError) as error:
                raise BadInput("bad_parquet", f"{path.name} cannot be read", field=path.name) from error
        elif scope in {"claims", "lines", "diagnoses"}:
            raise BadInput(
                "no_such_file",
                f"{path.name} is missing in the folder",
                field=path.name,
                hint="claims, lines, diagnoses",
            )
        else:
            given[scope] = None
    try:
        return accepted(given), columns_of_frames(given), 0
    except InputError as error:
        whole = error
    try:
        kept, refusals = without_refused(given)
        if not refusals:
            raise whole
        for row, error in refusals:
            bad = BadInput(error.code, error.message, row=row, field=error.field, hint=error.hint)
            if strict:
                raise bad
            report(bad)
        return accepted(kept), columns_of_frames(kept), len(refusals)
    except InputError as error:
        raise BadInput(error.code, error.message, field=error.field, hint=error.hint) from error


def _answers(
    rules: RuleSet, claims: pl.DataFrame, found: pl.DataFrame, columns: Columns, lang: str
) -> Iterator[dict[str, Any]]:
    lacking = sorted(rules.not_evaluated(columns))
    by_claim: dict[int, tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]] = {}
    for row in found.iter_rows(named=True):
        rule = rules.by_id[row["rule_id"]]
        finding = {
            "rule_id": rule.id,
            "line_no": row["line_no"],
            "severity": row["severity"],
            "message": rule.message.get(lang) or rule.message["en"],
            "source": rule.source,
            "fix": rule.advice,
            "won_at_risk": row["won_at_risk"],
            "over": row["over"],
            "at": row["at"],
            "reason": rule.reason,
            "mark": rule.mark,
        }
        shown, hidden, severities = by_claim.setdefault(row["claim"], ([], [], []))
        (hidden if row["hidden"] else shown).append(finding)
        if not row["hidden"]:
            severities.append(row["severity"])
    names = claims["claim_id"].to_list() if "claim_id" in claims.columns else [None] * len(claims)
    for place, name in enumerate(names):
        shown, hidden, severities = by_claim.get(place, ([], [], []))
        yield {
            "claim_id": name,
            "score": scored(severities),
            "findings": shown,
            "detail": hidden,
            "not_evaluated": lacking,
        }


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


__all__ = ["arguments", "bench", "run"]
