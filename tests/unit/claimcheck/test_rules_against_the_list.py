"""The shipped rules beside the list they were written from (tests/golden/claim_rules.csv: ids, facts, conditions as SQL).

SQLite judges every condition of the list that looks at one row, over values at the edges; ours must answer the same.
"""

import csv
import random
import re
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest

from tamna.engines.claimcheck import RuleSet, schema
from tamna.engines.claimcheck.examples import CLAIM, DIAGNOSIS, LINE
from tamna.params import table

LISTED = list(csv.DictReader(Path("tests/golden/claim_rules.csv").open(encoding="utf-8")))
RULES = RuleSet.load()
SCOPES = {"claim": "claims", "line": "lines", "diagnosis": "diagnoses"}
# The list names the statement, ours the row where the fault stands, so that it can be shown and mended there.
FINER = {
    "X009": "diagnoses", "M018": "claims", "M022": "prescriptions", "J006": "notes", "J007": "notes", "J008": "notes",
    "J009": "notes", "O007": "lines", "O008": "lines", "B003": "lines", "B005": "lines", "R007": "lines", "L003": "lines",
    "N020": "lines", "U004": "lines",
}  # fmt: skip
# Conditions where ours says more than the list's short form; each has examples of its own.
SAID_OTHERWISE = {
    "A001": "night, child and class add-ons are inside the price",
    "A005": "what the statement states apart is not in its total",
    "A006": "the disability amount is a third share",
    "M004": "drugs only: acts have their daily maximum in Q001",
}


def test_every_rule_of_the_list_is_there_with_its_facts():
    for row in LISTED:
        rule = RULES.by_id[row["rule_id"]]
        source = "own rule of Tamna" if row["source"] == "-" else row["source"]
        told = (rule.severity, rule.source, rule.mark, rule.starts_on.isoformat(), rule.ends_on)
        assert told == (row["severity"], source, row["mark"], row["valid_from"], None), rule.id
        scope = SCOPES.get(row["scope"]) or ("claims" if rule.id == "P008" else "lines")
        assert rule.over == FINER.get(rule.id, scope), rule.id


# ---- the list's own conditions, judged by SQLite ------------------------------------------------------------------

LOOKUP = re.compile(r"table:(\w+)\((\w+)\)(?:\.(\w+)| (missing|exists))")
KEYS = {"fees": ("tariff/fee_items", "code"), "kcd": ("claimcheck/kcd", "code")}


def looked_up(name: str, key: object, column: str) -> object:
    file, by = KEYS.get(name, (f"claimcheck/{name}", None))
    rows = table(file)
    found = next((row for row in rows if key is not None and row[by or next(iter(row))] == key), None)
    if not column:
        return None if key is None else int(found is not None)
    if found is None or not found.get(column):
        return None
    text = found[column]
    number = column in {"complete", "principal_ok", "age_min", "age_max", "max_per_day", "unit_price_won"}
    return float(text) if number else text


def as_sql(condition: str) -> str:
    def call(match: re.Match[str]) -> str:
        name, key, column, presence = match.groups()
        asked = f"looked_up('{name}', {key}, '{column or ''}')"
        return f"{asked} = {int(presence == 'exists')}" if presence else asked

    return LOOKUP.sub(call, condition)


def judged_by_sqlite(over: str) -> dict[str, str]:
    """Rules of the list that SQLite can judge from the row and its claim alone."""
    known = set(schema.CLAIM) | set(RULES.derived) | (set(schema.SCOPES[over]) if over != "claims" else set())
    chosen = {}
    for row in LISTED:
        rule = RULES.by_id[row["rule_id"]]
        sql = as_sql(row["condition_expr"])
        bare = re.sub(r"'[^']*'", "", sql)
        words = set(re.findall(r"[a-z_]+[a-z_0-9]*", bare)) - FUNCTIONS - {"true", "false"}
        plain = (
            not any(word in sql for word in BEYOND)
            and not re.search(r"[:|]| in \(", bare.replace(" IN (", ""))
            and words <= known
            and not re.search(r"not between \w+ and", bare)
        )
        if rule.over == over and SCOPES.get(row["scope"]) == over and plain and rule.id not in SAID_OTHERWISE:
            chosen[rule.id] = sql
    return chosen


# tables that are searched or the institution's own, prices of another day, the calendar
BEYOND = (
    "principal_not_allowed",
    "chronic_diseases",
    "lab_breadth",
    "staff",
    "price_on",
    "is_night_or_holiday",
    "night_rule",
)
FUNCTIONS = {
    "looked_up", "floor10", "round", "floor", "ceil", "length", "coalesce", "month", "date_diff_days", "regexp_matches",
}  # fmt: skip


def connection() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")

    def strict(function):
        return lambda *args: None if None in args else function(*args)

    db.create_function("looked_up", 3, looked_up)
    db.create_function("floor10", 1, strict(lambda won: won // 10 * 10))
    db.create_function("month", 1, strict(lambda day: int(day[5:7]) if day else None))
    db.create_function("ceil", 1, strict(lambda number: -(-number // 1)))
    db.create_function("floor", 1, strict(lambda number: number // 1))
    days = strict(lambda a, b: (date.fromisoformat(a) - date.fromisoformat(b)).days if a and b else None)
    db.create_function("date_diff_days", 2, days)
    db.create_function("regexp_matches", 2, strict(lambda text, pattern: int(re.search(pattern, text) is not None)))
    db.execute("PRAGMA case_sensitive_like = ON")
    return db


def edges() -> dict[str, list[object]]:
    """For each column: values named by any condition, their neighbours, and nothing."""
    values: dict[str, set[object]] = {}
    for row in LISTED:
        for column, number in re.findall(r"([a-z_]+) (?:<|<=|>|>=|=|<>) (\d+(?:\.\d+)?)", row["condition_expr"]):
            near = float(number) if "." in number else int(number)
            values.setdefault(column, set()).update({near, near + 1, round(near - 1, 6)})
        for column, text in re.findall(r"([a-z_]+) (?:=|<>|LIKE) '([^']*)'", row["condition_expr"]):
            values.setdefault(column, set()).update({text.replace("%", "1"), "?"})
        for column, texts in re.findall(r"([a-z_]+) (?:NOT )?IN \(([^)]*)\)", row["condition_expr"]):
            values.setdefault(column, set()).update(re.findall(r"'([^']*)'", texts))
    return {column: sorted(some, key=str) for column, some in values.items()}


DAYS = [date(2026, 9, 1) + timedelta(days=step) for step in (-1096, -1095, -1, 0, 1, 30, 31)]
CODES = {
    "lines": ["AA256", "D3063", "607701539", "ZX002", "KK020", "NOPE"],
    "diagnoses": ["I10.9", "I10", "X99", "O80.9", "e11"],
}


def spoiled(plain: dict, columns: dict[str, str], chance: random.Random, known: dict, over: str) -> dict:
    row = dict(plain)
    for column in chance.sample(sorted(columns), 9):
        kind, some = columns[column], list(known.get(column, ()))
        if column == "code":
            some += CODES.get(over, [])
        if kind == "date":
            some = [day.isoformat() for day in DAYS]
        if kind == "bool":
            some = [True, False]
        if kind == "text" and not some:
            some = ["", "1"]
        if kind in {"int", "number"}:
            some = [value for value in some if isinstance(value, (int, float))] + [0, 1, -1]
            some = [int(value) for value in some] if kind == "int" else some
        if kind == "text":
            some = [str(value) for value in some] + [""]
        row[column] = chance.choice([*some, None])
    return row


@pytest.mark.parametrize("over", ["claims", "lines", "diagnoses"])
def test_conditions_answer_as_sql_does(over):
    conditions, known, db = judged_by_sqlite(over), edges(), connection()
    assert len(conditions) >= {"claims": 100, "lines": 45, "diagnoses": 10}[over]
    chance = random.Random(20260901)
    nothing: dict[str, None] = dict.fromkeys(schema.CLAIM)
    wrong: dict[str, list[object]] = {}
    for _ in range(250):
        claim = spoiled(nothing | CLAIM, schema.CLAIM, chance, known, "claims") | {"claim_id": "C1"}
        line = dict.fromkeys(schema.LINE) | LINE | {"line_no": 1, "claim_id": "C1"}
        diagnosis = dict.fromkeys(schema.DIAGNOSIS) | DIAGNOSIS | {"seq": 1}
        if over == "lines":
            line = spoiled(line, schema.LINE, chance, known, over) | {"service_at": None}
        if over == "diagnoses":
            diagnosis = spoiled(diagnosis, schema.DIAGNOSIS, chance, known, over)
        document = {"claim": claim, "lines": [line], "diagnoses": [diagnosis], "notes": [], "prescriptions": []}
        typed = schema.normal(document)
        row = dict(RULES.single.surroundings(typed)[0])  # with the columns counted from its rows
        if over != "claims":
            own = typed[over][0]
            row |= {name: value if value is not None else row.get(name) for name, value in own.items()}
        values = {name: told(value) for name, value in row.items()}
        columns = ", ".join(f'? AS "{name}"' for name in values)
        asked = ", ".join(f'({sql}) AS "{rule}"' for rule, sql in conditions.items())
        answers = db.execute(f"SELECT {asked} FROM (SELECT {columns})", list(values.values())).fetchone()
        report = RULES.check_one(document)
        found = {one.rule_id for one in report.findings + report.hidden}
        day = typed["lines"][0].get("service_on") if over == "lines" else None
        day = day or typed["claim"].get("first_visit_on")
        for rule, answer in zip(conditions, answers, strict=True):
            held = RULES.by_id[rule].at(day)
            if rule not in report.not_evaluated and (answer == 1 and held) != (rule in found):
                wrong.setdefault(rule, []).append((answer, rule in found))
    assert {rule: cases[:2] for rule, cases in wrong.items()} == {}


def told(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    return value.isoformat() if isinstance(value, date) else value
