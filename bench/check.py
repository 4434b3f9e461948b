"""Claim checks beside other ways to do them, side by side in one run: `make bench-check`.

Eleven of the shipped rules that every contender can hold are run by each over the same synthetic claims; each runs in a
process of its own, and says nothing unless it finds exactly as many faults a rule as the others. Then ours alone with every
rule: whole tables, and one warm claim. Loading and preparing the input is not counted; CPU seconds stand beside wall
seconds because a busy machine stretches the latter.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil

from tamna.commands.check import _columns, _tiled
from tamna.engines.claimcheck import RuleSet
from tamna.engines.claimcheck.frame_documents import frames_of
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.samples import synthetic

SUBSET = ("A002", "A003", "A004", "A005", "A006", "C003", "D001", "D004", "F016", "L008", "S001")
TILE = 2_000
ZEN_CLAIMS = 2_000  # it would take minutes for more
Found = dict[str, int]


@dataclass(frozen=True)
class Claims:
    """The same claims for everybody."""

    rules: RuleSet
    frames: dict[str, pl.DataFrame]
    columns: Any

    @staticmethod
    def of(count: int, only: tuple[str, ...] = SUBSET) -> "Claims":
        documents = list(synthetic(min(TILE, count), 1))
        return Claims(RuleSet.load(only=only), _tiled(frames_of(documents), 0, count), _columns(documents))

    def fees(self) -> dict[str, dict[str, Any]]:
        return {row["code"]: dict(row) for row in self.rules.tables["fees"].rows}

    def documents(self) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Claims with their lines as plain dictionaries."""
        claims = self.frames["claims"].to_dicts()
        found: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [(claim, []) for claim in claims]
        for line in self.frames["lines"].to_dicts():
            found[line["claim"]][1].append(line)
        return found


def half_up(value: float, digits: int = 0) -> float:
    scale = 10**digits
    return float(np.floor(value * scale + 0.5 + 5e-7) / scale)


# ---- contenders: a name → what prepares, and returns what is timed --------------------------------------------------


def ours(claims: Claims) -> Callable[[], Found]:
    check = FramesCheck(claims.rules)
    check.check({name: frame.head(0) for name, frame in claims.frames.items()}, claims.columns)

    def run() -> Found:
        return dict(check.check(claims.frames, claims.columns)["rule_id"].value_counts().iter_rows())

    return run


def ours_one_by_one(claims: Claims) -> Callable[[], Found]:
    from tamna.engines.claimcheck.frame_documents import documents_of

    documents = [row | {"given": set()} for row in documents_of(claims.frames)]
    claims.rules.checked(documents[0])

    def run() -> Found:
        found: Counter[str] = Counter()
        for document in documents:
            report = claims.rules.checked(document)
            found.update(one.rule_id for one in (*report.findings, *report.hidden))
        return dict(found)

    return run


def plain_python(claims: Claims) -> Callable[[], Found]:
    """The same conditions written by hand over dictionaries."""
    documents, fees = claims.documents(), claims.fees()

    def differs(left: float | None, right: float | None) -> bool:
        return left is not None and right is not None and abs(left - right) > 5e-7

    def of_line(line: dict[str, Any], claim: dict[str, Any]) -> Iterator[str]:
        fee = fees.get(line["code"], {})
        price, quantity, kind = line["unit_price"], line["quantity"], line["code_kind"]
        wanted = fee.get("unit_price_won")
        if None not in (price, wanted, kind) and price < wanted - 5e-7 and kind != "drug":
            yield "A002"
        parts = (line["dose"], line["times_per_day"], line["days"])
        if None not in (*parts, quantity) and differs(half_up(quantity, 4), half_up(parts[0] * parts[1] * parts[2], 4)):
            yield "A003"
        if None not in (price, quantity, line["amount"]) and differs(line["amount"], half_up(price * quantity)):
            yield "A004"
        if fee.get("benefit") == "non_covered":
            yield "C003"
        on, first, last = line["service_on"], claim["first_visit_on"], claim["last_service_on"]
        if on is not None and ((first is not None and on < first) or (last is not None and on > last)):
            yield "D001"
        if (quantity is not None and quantity <= 5e-7) or (line["days"] is not None and line["days"] <= 0):
            yield "F016"
        if line["item_class"] == "07" and claim["department"] not in (None, "03"):
            yield "L008"
        if fee.get("sex") == "F" and claim["sex"] == "M":
            yield "S001"

    def of_claim(claim: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[str]:
        total = sum(line["amount"] or 0 for line in lines if line["copay_kind"] != "full_self")
        if differs(claim["total_amount"], total // 10 * 10):
            yield "A005"
        share = (claim["patient_share"], claim["insurer_share"], claim["total_amount"])
        if None not in share and share[0] + share[1] + (claim.get("disability_amount") or 0) != share[2]:
            yield "A006"
        if None not in (claim["claim_on"], claim["first_visit_on"]) and claim["claim_on"] < claim["first_visit_on"]:
            yield "D004"

    def run() -> Found:
        found: Counter[str] = Counter()
        for claim, lines in documents:
            found.update(of_claim(claim, lines))
            for line in lines:
                found.update(of_line(line, claim))
        return dict(found)

    return run


class Vectors:
    """Columns as numpy vectors, empty numbers as NaN."""

    def __init__(self, claims: Claims) -> None:
        fees = pl.DataFrame(list(claims.fees().values()), infer_schema_length=None).select(
            "code", "unit_price_won", "benefit", pl.col("sex").alias("fee_sex")
        )
        lines = claims.frames["lines"].join(fees, on="code", how="left", maintain_order="left")
        self.claim = lines["claim"].to_numpy()
        head = claims.frames["claims"]
        self.line = {name: self._vector(lines[name]) for name in lines.columns}
        self.head = {name: self._vector(head[name]) for name in head.columns}
        own = self.line["copay_kind"] == "full_self"
        self.line["shared_amount"] = np.where(own, 0, np.nan_to_num(self.line["amount"]))  # of 총액1

    @staticmethod
    def _vector(values: pl.Series) -> Any:
        if values.dtype == pl.String():
            return values.fill_null("").to_numpy().astype("U")
        if values.dtype == pl.Date():
            return values.to_physical().cast(pl.Float64()).fill_null(float("nan")).to_numpy()
        return values.cast(pl.Float64(), strict=False).fill_null(float("nan")).to_numpy()


def _line_formulas(value: Callable[[str], Any], head: Callable[[str], Any]) -> dict[str, Any]:
    """The line rules on vectors; `head` gives the claim's value on each line."""

    def rounded(numbers: Any, digits: int = 0) -> Any:
        return np.floor(numbers * 10**digits + 0.5 + 5e-7) / 10**digits

    quantity, price, kind = value("quantity"), value("unit_price"), value("code_kind")
    whole = value("dose") * value("times_per_day") * value("days")
    return {
        "A002": (price < value("unit_price_won") - 5e-7) & (kind != "drug") & (kind != ""),
        "A003": np.abs(rounded(quantity, 4) - rounded(whole, 4)) > 5e-7,
        "A004": np.abs(value("amount") - rounded(price * quantity)) > 5e-7,
        "C003": value("benefit") == "non_covered",
        "D001": (value("service_on") < head("first_visit_on")) | (value("service_on") > head("last_service_on")),
        "F016": (quantity <= 5e-7) | (value("days") <= 0),
        "L008": (value("item_class") == "07") & (head("department") != "03") & (head("department") != ""),
        "S001": (value("fee_sex") == "F") & (head("sex") == "M"),
    }


def _claim_formulas(head: Callable[[str], Any], total: Any) -> dict[str, Any]:
    given = np.nan_to_num(head("disability_amount"))
    return {
        "A005": np.abs(head("total_amount") - np.floor(total / 10) * 10) > 5e-7,
        "A006": np.abs(head("patient_share") + head("insurer_share") + given - head("total_amount")) > 5e-7,
        "D004": head("claim_on") < head("first_visit_on"),
    }


def numpy_vectors(claims: Claims) -> Callable[[], Found]:
    """OpenFisca's method (one vector a variable, formulas over whole vectors), without its bookkeeping."""
    data = Vectors(claims)

    def run() -> Found:
        total = np.bincount(data.claim, data.line["shared_amount"], len(data.head["claim"]))
        found = _line_formulas(data.line.__getitem__, lambda name: data.head[name][data.claim])
        found |= _claim_formulas(data.head.__getitem__, total)
        return {rule: int(hits.sum()) for rule, hits in found.items()}

    return run


def openfisca(claims: Claims) -> Callable[[], Found]:
    """The same formulas as variables of openfisca-core: lines are its persons, claims its households."""
    from openfisca_core.entities import build_entity
    from openfisca_core.periods import DateUnit
    from openfisca_core.simulations import SimulationBuilder
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem
    from openfisca_core.variables import Variable

    data = Vectors(claims)
    line = build_entity("line", "lines", "Line", is_person=True)
    claim = build_entity("claim", "claims", "Claim", roles=[{"key": "row", "plural": "rows", "label": "Row"}])
    month = "2026-09"
    texts = {"code_kind", "benefit", "item_class", "fee_sex", "department", "sex"}
    won = {
        "amount",
        "shared_amount",
        "total_amount",
        "patient_share",
        "insurer_share",
        "disability_amount",
    }  # its other numbers have 24 bits
    of_line = ("quantity", "unit_price", "unit_price_won", "dose", "times_per_day", "days", "amount", "shared_amount",
               "service_on", "code_kind", "benefit", "item_class", "fee_sex")  # fmt: skip
    of_claim = ("first_visit_on", "last_service_on", "department", "sex", "total_amount", "patient_share", "insurer_share",
                "disability_amount", "claim_on")  # fmt: skip

    def variable(name: str, entity: Any, kind: type, formula: Any = None) -> Any:
        body = {"value_type": kind, "entity": entity, "definition_period": DateUnit.MONTH, "label": name}
        return type(name, (Variable,), body | ({"formula": formula} if formula else {}))

    def kind(name: str) -> type:
        return str if name in texts else int if name in won else float

    def line_rule(rule: str) -> Any:
        def formula(lines: Any, period: Any) -> Any:
            return _line_formulas(lambda name: lines(name, period), lambda name: lines.claim(name, period))[rule]

        return formula

    def claim_rule(rule: str) -> Any:
        def formula(heads: Any, period: Any) -> Any:
            total = heads.sum(heads.members("shared_amount", period))
            return _claim_formulas(lambda name: heads(name, period), total)[rule]

        return formula

    def system() -> Any:
        made = TaxBenefitSystem([line, claim])
        for name in of_line:
            made.add_variable(variable(name, line, kind(name)))
        for name in of_claim:
            made.add_variable(variable(name, claim, kind(name)))
        for rule in SUBSET:
            is_line = rule not in ("A005", "A006", "D004")
            formula = line_rule(rule) if is_line else claim_rule(rule)
            made.add_variable(variable(rule, line if is_line else claim, bool, formula))
        return made

    made = system()
    values = {name: data.line[name] for name in of_line} | {name: data.head[name] for name in of_claim}
    inputs = {name: np.nan_to_num(row).astype(np.int32) if name in won else row for name, row in values.items()}

    def run() -> Found:
        builder = SimulationBuilder()
        builder.create_entities(made)
        builder.declare_person_entity("line", np.arange(len(data.claim)))
        heads = builder.declare_entity("claim", np.arange(len(data.head["claim"])))
        builder.join_with_persons(heads, data.claim, roles=np.repeat("row", len(data.claim)))
        simulation = builder.build(made)
        for name in of_line:
            simulation.set_input(name, month, inputs[name])
        for name in of_claim:
            simulation.set_input(name, month, inputs[name])
        return {rule: int(simulation.calculate(rule, month).sum()) for rule in SUBSET}

    return run


def zen(claims: Claims) -> Callable[[], Found]:
    """zen-engine: one decision with an expression a rule, asked a claim at a time with its lines in a loop."""
    from zen import ZenEngine  # type: ignore[import-not-found]

    line_rules = {
        "A002": "unit_price != null and fee_price != null and code_kind != null and unit_price < fee_price and code_kind != 'drug'",
        "A003": "quantity != null and dose != null and days != null and abs(quantity - dose * times_per_day * days) >= 0.00005",
        "A004": "amount != null and unit_price != null and quantity != null and amount != floor(unit_price * quantity + 0.5)",
        "C003": "benefit == 'non_covered'",
        "D001": "service_on != null and ((first_visit_on != null and service_on < first_visit_on)"
        " or (last_service_on != null and service_on > last_service_on))",
        "F016": "(quantity != null and quantity <= 0) or (days != null and days <= 0)",
        "L008": "item_class == '07' and department != null and department != '03'",
        "S001": "fee_sex == 'F' and sex == 'M'",
    }
    claim_rules = {
        "A005": "total_amount != null and total_amount != floor(lines_total / 10) * 10",
        "A006": "patient_share != null and insurer_share != null and total_amount != null"
        " and patient_share + insurer_share + disability_amount != total_amount",
        "D004": "claim_on != null and first_visit_on != null and claim_on < first_visit_on",
    }

    def decision(rules: dict[str, str], loop: bool) -> Any:
        expressions = [{"id": rule, "key": rule, "value": text} for rule, text in rules.items()]
        content: dict[str, Any] = {"expressions": expressions, "passThrough": False}
        if loop:
            content |= {"executionMode": "loop", "inputField": "lines", "outputPath": "lines"}
        nodes = [
            {"id": "in", "name": "in", "type": "inputNode", "content": {"schema": ""}},
            {"id": "x", "name": "x", "type": "expressionNode", "content": content},
            {"id": "out", "name": "out", "type": "outputNode", "content": {"schema": ""}},
        ]
        edges = [
            {"id": "1", "sourceId": "in", "targetId": "x", "type": "edge"},
            {"id": "2", "sourceId": "x", "targetId": "out", "type": "edge"},
        ]
        return ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    fees = claims.fees()
    asked: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def number(value: Any) -> Any:
        return value.toordinal() if isinstance(value, date) else value

    for claim, lines in claims.documents():
        head = {name: number(claim.get(name)) for name in ("first_visit_on", "last_service_on", "department", "sex")}
        rows = []
        for line in lines:
            fee = fees.get(line["code"], {})
            rows.append({
                **{name: number(line.get(name)) for name in ("unit_price", "quantity", "dose", "times_per_day", "days", "amount",
                                                             "service_on", "item_class", "code_kind")},
                **head, "fee_price": fee.get("unit_price_won"), "benefit": fee.get("benefit"), "fee_sex": fee.get("sex"),
            })  # fmt: skip
        total = sum(line["amount"] or 0 for line in lines if line["copay_kind"] != "full_self")
        whole = {
            name: number(claim.get(name))
            for name in ("total_amount", "patient_share", "insurer_share", "claim_on", "first_visit_on")
        }
        asked.append(
            ({"lines": rows}, whole | {"lines_total": total, "disability_amount": claim.get("disability_amount") or 0})
        )
    of_line, of_claim = decision(line_rules, True), decision(claim_rules, False)

    def run() -> Found:
        found: Counter[str] = Counter()
        for lines, whole in asked:
            answers = of_line.evaluate(lines)["result"].get("lines", [])
            for answer in (*answers, of_claim.evaluate(whole)["result"]):
                found.update(rule for rule, hit in answer.items() if hit is True)
        return dict(found)

    return run


SQL = {
    "A002": "SELECT count(*) FROM l JOIN fee f USING (code) WHERE l.unit_price < f.price AND l.code_kind <> 'drug'",
    "A003": "SELECT count(*) FROM l WHERE round(quantity::numeric, 4) <> round((dose * times_per_day * days)::numeric, 4)",
    "A004": "SELECT count(*) FROM l WHERE amount <> round((unit_price * quantity)::numeric)",
    "A005": "SELECT count(*) FROM c LEFT JOIN (SELECT claim, sum(amount) FILTER (WHERE copay_kind <> 'full_self') AS total FROM l GROUP BY claim) s USING (claim)"
    " WHERE c.total_amount <> floor(coalesce(s.total, 0) / 10) * 10",
    "A006": "SELECT count(*) FROM c WHERE patient_share + insurer_share + coalesce(disability_amount, 0) <> total_amount",
    "C003": "SELECT count(*) FROM l JOIN fee f USING (code) WHERE f.benefit = 'non_covered'",
    "D001": "SELECT count(*) FROM l JOIN c USING (claim) WHERE l.service_on < c.first_visit_on OR l.service_on > c.last_service_on",
    "D004": "SELECT count(*) FROM c WHERE claim_on < first_visit_on",
    "F016": "SELECT count(*) FROM l WHERE quantity <= 0 OR days <= 0",
    "L008": "SELECT count(*) FROM l JOIN c USING (claim) WHERE l.item_class = '07' AND c.department <> '03'",
    "S001": "SELECT count(*) FROM l JOIN c USING (claim) JOIN fee f USING (code) WHERE f.sex = 'F' AND c.sex = 'M'",
}


def postgres(claims: Claims) -> Callable[[], Found]:
    """The rules as SQL, one SELECT each, over indexed and analysed tables of an embedded server of its own."""
    import psycopg

    from tamna.core import database

    database.start_embedded()
    here = psycopg.connect(**database.connection(), autocommit=True)
    fees = [(row["code"], row["unit_price_won"], row["benefit"], row["sex"]) for row in claims.fees().values()]
    text = "claim int, code text, item_class text, code_kind text, copay_kind text, service_on date, unit_price float8, dose float8, times_per_day float8"
    lines = claims.frames["lines"].select(
        "claim",
        "code",
        "item_class",
        "code_kind",
        "copay_kind",
        "service_on",
        "unit_price",
        "dose",
        "times_per_day",
        "days",
        "quantity",
        "amount",
    )
    heads = claims.frames["claims"].select(
        "claim", "department", "sex", "first_visit_on", "last_service_on", "claim_on", "total_amount", "patient_share",
        "insurer_share", "disability_amount",
    )  # fmt: skip
    here.execute(f"CREATE UNLOGGED TABLE l ({text}, days int, quantity float8, amount bigint)")
    here.execute(
        "CREATE UNLOGGED TABLE c (claim int PRIMARY KEY, department text, sex text, first_visit_on date, last_service_on date,"
        " claim_on date, total_amount bigint, patient_share bigint, insurer_share bigint, disability_amount bigint)"
    )
    here.execute("CREATE UNLOGGED TABLE fee (code text PRIMARY KEY, price float8, benefit text, sex text)")
    for name, rows in (("l", lines.iter_rows()), ("c", heads.iter_rows()), ("fee", iter(fees))):
        with here.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    here.execute("SET max_parallel_workers_per_gather = 0")  # so that one process does all of it
    server = psutil.Process(here.execute("SELECT pg_backend_pid()").fetchone()[0])  # type: ignore[index]
    here.execute("CREATE INDEX ON l (claim)")
    here.execute("VACUUM ANALYZE l")
    here.execute("VACUUM ANALYZE c")

    def run() -> Found:
        return {rule: here.execute(query).fetchone()[0] for rule, query in SQL.items()}  # type: ignore[index]

    run.cpu = lambda: sum(server.cpu_times()[:2])  # type: ignore[attr-defined]
    return run


CONTENDERS: dict[str, tuple[str, Callable[[Claims], Callable[[], Found]]]] = {
    "ours": ("tamna, whole tables", ours),
    "numpy": ("numpy vectors (OpenFisca's method)", numpy_vectors),
    "openfisca": ("openfisca-core", openfisca),
    "sql": ("PostgreSQL, one SELECT a rule", postgres),
    "single": ("tamna, one claim at a time", ours_one_by_one),
    "python": ("plain Python by hand", plain_python),
    "zen": ("zen-engine, one claim at a time", zen),
}


def measured(name: str, count: int) -> dict[str, Any]:
    """One contender over `count` claims, the better of two runs."""
    claims = Claims.of(count)
    run = CONTENDERS[name][1](claims)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu_clock = getattr(run, "cpu", time.process_time)
    best: tuple[float, float] = (float("inf"), float("inf"))
    for _ in range(2):
        wall, cpu = time.perf_counter(), cpu_clock()
        found = run()
        best = min(best, (max(cpu_clock() - cpu, 0.001), time.perf_counter() - wall))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {rule: found.get(rule, 0) for rule in SUBSET}
    return {"name": name, "claims": count, "lines": len(claims.frames["lines"]), "wall": best[1], "cpu": best[0],
            "peak_mib": peak >> 10, "more_mib": (peak - before) >> 10, "found": told}  # fmt: skip


def whole_set(count: int) -> dict[str, Any]:
    from tamna.commands.check import bench

    return bench(RuleSet.load(), count, 1)


def asked(*words: str) -> Any:
    """The answer of one measurement in its own process; None where what it needs is not installed."""
    home = Path(tempfile.mkdtemp(prefix="tb-"))
    try:
        done = subprocess.run([sys.executable, "-m", "bench.check", *words], check=False, capture_output=True, text=True,
                              env={**os.environ, "TAMNA_HOME": str(home)})  # fmt: skip
    finally:
        _stop(home)
    if done.returncode:
        print(f"  {words[1]}: not measured ({done.stderr.strip().splitlines()[-1][:150]})", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def _stop(home: Path) -> None:
    if (home / "pg").exists():
        code = "from tamna.core import database; database.stop_embedded(30)"
        subprocess.run([sys.executable, "-c", code], check=False, env={**os.environ, "TAMNA_HOME": str(home)})
    shutil.rmtree(home, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--only", choices=CONTENDERS, help="measure one, print JSON")
    parser.add_argument("--whole", action="store_true", help="ours with every rule, print JSON")
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measured(args.only, args.claims)))
        return 0
    if args.whole:
        print(json.dumps(whole_set(args.claims)))
        return 0
    rows = []
    for name in CONTENDERS:
        count = min(args.claims, ZEN_CLAIMS) if name == "zen" else args.claims
        if row := asked("--only", name, "--claims", str(count)):
            rows.append(row)
    if not rows or rows[0]["name"] != "ours":
        print("tamna itself was not measured", file=sys.stderr)
        return 1
    first = rows[0]
    print(
        f"{len(SUBSET)} rules over {first['claims']:,} synthetic claims with {first['lines']:,} lines, the better of two runs"
    )
    print(f"{'':38}{'claims a CPU s':>16}{'by the clock':>14}{'peak MiB':>10}{'times the CPU':>15}")
    for row in rows:
        speed = row["claims"] / row["cpu"]
        ratio = first["claims"] / first["cpu"] / speed
        told = "" if row["found"] == first["found"] or row["claims"] != first["claims"] else "  FINDS OTHERWISE"
        by_clock = row["claims"] / row["wall"]
        print(f"{CONTENDERS[row['name']][0]:38}{speed:16,.0f}{by_clock:14,.0f}{row['peak_mib']:10}{ratio:15.1f}{told}")
    if whole := asked("--whole", "--claims", str(args.claims)):
        print(f"every rule: {whole['rules']} judged, {whole['claims_per_s']:,} claims/s ({whole['claims_per_cpu_s']:,} a CPU second), "
              f"{whole['peak_mib']} MiB; one warm claim {whole['one_claim_ms']} ms ({whole['one_claim_cpu_ms']} ms CPU)")  # fmt: skip
    return int(any(row["found"] != first["found"] for row in rows if row["claims"] == first["claims"]))


if __name__ == "__main__":
    sys.exit(main())
