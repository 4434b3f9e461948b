"""Rules as one Python function: the fast way to check a single claim.

Every condition is written as "certainly true", so that SQL's NULL costs nothing: `true(a AND b)` is `true(a)
and true(b)`,
`false(a AND b)` is `false(a) or false(b)`. Columns and table rows are read once into locals before the conditions.
Numbers with decimals are compared at `EPSILON`: products of won and quantities have six decimals at most.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tamna.engines import calendar
from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.rules import Typing
from tamna.engines.claimcheck.syntax import (
    OVER_MEMBERS,
    Arithmetic,
    Call,
    Compare,
    Listed,
    Literal,
    Logic,
    Lookup,
    Name,
    Node,
    Test,
)
from tamna.engines.claimcheck.tables import EMPTY

EPSILON = 5e-7
NEGATED = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
Rows = Sequence[Mapping[str, Any]]
Found = tuple[int, int, tuple[Any, ...]]  # which condition, which row, values asked with it


@dataclass
class Surroundings:
    """What a row can ask about the rest of its statement."""

    diagnoses: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()  # diagnoses that are not rule-outs
    codes: frozenset[str] = frozenset()
    notes: tuple[tuple[str, str, int | None], ...] = ()  # code, text, line (None: statement)
    done: tuple[tuple[str, date], ...] = ()  # code and day of the lines
    engines: Mapping[str, Any] = field(default_factory=dict)
    orders: Rows = ()  # carried out

    @staticmethod
    def of(document: schema.Document, engines: Mapping[str, Any]) -> "Surroundings":
        diagnoses = document["diagnoses"]
        return Surroundings(
            tuple(row["code"] for row in diagnoses if row.get("code")),
            tuple(row["code"] for row in diagnoses if row.get("code") and row.get("kind") != "rule_out"),
            frozenset(row["code"] for row in document["lines"] if row.get("code")),
            tuple((row["note_code"], row["note_text"] or "", row["line_no"]) for row in note_rows(document)),
            tuple(
                (row["code"], row["service_on"])
                for row in document["lines"]
                if row.get("code") and row.get("service_on")
            ),
            engines,
            document["orders"],
        )

    def has_note(self, line_no: int | None, whole: bool, code: str, word: str = "") -> bool:
        """A note of the statement, or of this line; for the statement as a whole, any note."""
        return any(
            noted == code and word in text and (whole or at is None or at == line_no) for noted, text, at in self.notes
        )

    def orders_without_line(self, orders: Rows) -> int:
        """Orders carried out (of the document, and these of the table) whose code stands on no line within a day of it."""
        return sum(
            not any(code == order["code"] and abs((day - order["done_on"]).days) <= 1 for code, day in self.done)
            for order in (*self.orders, *orders)
            if order.get("code") and order.get("done_on")
        )

    def has_code_prefix(self, start: str) -> bool:
        return any(code.startswith(start) for code in self.diagnoses)


def note_rows(document: schema.Document) -> list[schema.Row]:
    """Notes of the statement and the note written on a line, as rows with note_code, note_text, line_no."""
    rows: list[schema.Row] = []
    for note in document["notes"]:
        code = note.get("code", note.get("note_code"))
        text = note.get("text", note.get("note_text"))
        if code or text:
            rows.append(note | {"note_code": code, "note_text": text, "line_no": note.get("line_no")})
    for line in document["lines"]:
        if line.get("note_code") or line.get("note_text"):
            shortcut = {"note_code": line.get("note_code"), "note_text": line.get("note_text")}
            rows.append(shortcut | {"line_no": line.get("line_no"), "unit": "line"})
    return rows


@dataclass(frozen=True)
class Asked:
    """One condition over the rows, and the values wanted of a row that meets it."""

    condition: Node | None
    values: tuple[Node, ...] = ()
    from_to: tuple[date, date | None] | None = None


def compiled(
    asked: Sequence[Asked], over: str, typing: Typing, derived: frozenset[str] | None = None
) -> Callable[[Rows, Mapping[str, Any], Surroundings], list[Found]]:
    """One function over all rows of one statement: (rows, claim, surroundings) → what was met."""
    coder = _Coder(over, typing, frozenset(typing.derived) if derived is None else derived)
    body = [coder.asked(number, one) for number, one in enumerate(asked)]
    source = "\n".join(
        [
            "def check(rows, claim, around):",
            "    found = []",
            *(f"    {line}" for line in coder.before),
            "    for at, row in enumerate(rows):",
            *(f"        {line}" for line in coder.each),
            *(f"        {line}" for line in body),
            "    return found",
        ]
    )
    namespace = coder.constants
    exec(compile(source, f"<rules over {over}>", "exec"), namespace)  # noqa: S102  our own text, built from a parsed tree
    check: Callable[[Rows, Mapping[str, Any], Surroundings], list[Found]] = namespace["check"]
    return check


class _Coder:
    """Writes Python for nodes; `before` runs once a claim, `each` once a row."""

    def __init__(self, over: str, typing: Typing, derived: frozenset[str]) -> None:
        self.over, self.typing, self.derived = over, typing, derived
        self.before: list[str] = []
        self.each: list[str] = []
        self.locals: dict[Any, str] = {}
        self.constants: dict[str, Any] = dict(NAMESPACE)

    def asked(self, number: int, one: Asked) -> str:
        tests = [self.in_force(*one.from_to)] if one.from_to else []
        tests += [self.true(one.condition)] if one.condition is not None else []
        values = "".join(f"{self.nullable(node)}, " for node in one.values)
        return f"if {' and '.join(tests) or 'True'}: found.append(({number}, at, ({values})))"

    def in_force(self, starts: date, ends: date | None) -> str:
        def write(name: str) -> list[str]:
            day = self.day()
            until = f" and {day} < {self.constant(ends)}" if ends else ""
            return [f"{name} = {day} is None or ({day} >= {self.constant(starts)}{until})"]

        return self.local(("in force", starts, ends), write)

    def day(self) -> str:
        """The day that decides which rule and which row of a dated table holds."""
        claims = self.name("first_visit_on")
        if self.over != "lines":
            return claims
        own = self.name("service_on")
        return self.local(("day",), lambda name: [f"{name} = {claims} if {own} is None else {own}"])

    def local(self, key: Any, write: Callable[[str], list[str]], *, once: bool = False) -> str:
        if key not in self.locals:
            name = f"v{len(self.locals)}"
            self.locals[key] = name
            lines = write(name)
            (self.before if once else self.each).extend(lines)
        return self.locals[key]

    def constant(self, value: Any) -> str:
        key = ("constant", type(value), value if isinstance(value, (str, date, int, float)) else id(value))
        if key not in self.locals:
            self.locals[key] = f"k{len(self.locals)}"
            self.constants[self.locals[key]] = value
        return self.locals[key]

    def name(self, name: str) -> str:
        own, known = schema.SCOPES[self.over], schema.CLAIM
        prefix, _, column = name.rpartition(".")
        if prefix == "claim":
            source = "row" if self.over == "claims" else "claim"
            return self.local(name, lambda to: [f"{to} = {source}.get({column!r})"])
        if name in self.derived or (name in known and name not in own) or self.over == "claims" or name == "claim_id":
            source = "row" if self.over == "claims" else "claim"
            return self.local(name, lambda to: [f"{to} = {source}.get({name!r})"], once=self.over != "claims")

        def write(to: str) -> list[str]:
            lines = [f"{to} = row.get({name!r})"]
            if name in known or name not in own:
                lines.append(f"if {to} is None: {to} = claim.get({name!r})")
            return lines

        return self.local(name, write)

    def value(self, node: Node) -> tuple[str, tuple[str, ...]]:
        """(code, locals that make it NULL when they are None)."""
        match node:
            case Name(name):
                local = self.name(name)
                return local, (local,)
            case Literal(value):
                if isinstance(value, (date, str)):
                    return self.constant(value), ()
                return repr(value), ("None",) if value is None else ()
            case Arithmetic(operator, left, right):
                (left_code, left_nulls), (right_code, right_nulls) = self.value(left), self.value(right)
                nulls = left_nulls + right_nulls
                if operator == "/" and not (isinstance(right, Literal) and right.value):
                    guard = self.present((*nulls,), f"{right_code} != 0")
                    local = self.local(node, lambda to: [f"{to} = {left_code} / {right_code} if {guard} else None"])
                    return local, (local,)
                return f"({left_code} {operator} {right_code})", nulls
            case Lookup(table, keys, column):
                local = self.lookup(table, keys, column)
                return local, (local,)
            case Call(function, args) if function in STRICT:
                coded = [self.value(arg) for arg in args]
                return f"{function}({', '.join(code for code, _ in coded)})", sum((nulls for _, nulls in coded), ())
            case Call("coalesce", (first, second)):
                first_code, second_code = self.nullable(first), self.nullable(second)

                def write(to: str) -> list[str]:
                    return [f"{to} = {first_code}", f"if {to} is None: {to} = {second_code}"]

                local = self.local(node, write)
                return local, (local,)
            case Call("rows_within" | "quantity_within", (days,)):
                code = self.nullable(days)
                local = self.local(node, lambda to: [f"{to} = row[{node.function!r}]({code})"])
                return local, (local,)
            case Call(function, _) if function in OVER_MEMBERS:
                local = self.local(node, lambda to: [f"{to} = row[{self.constant(node)}]"])
                return local, (local,)
            case Call("orders_without_line", ()):
                orders, claim_id = self.constant(self.typing.tables["orders"].of), self.name("claim_id")
                asked = f"around.orders_without_line({orders}(({claim_id},)) if {claim_id} is not None else ())"
                local = self.local(node, lambda to: [f"{to} = {asked}"])
                return local, (local,)
            case Call("engine", (Literal(name),)):
                local = self.local(node, lambda to: [f"{to} = around.engines.get({name!r})"], once=True)
                return local, (local,)
        truth, falsehood = self.true(node), self.false(node)
        local = self.local(node, lambda to: [f"{to} = True if {truth} else False if {falsehood} else None"])
        return local, (local,)

    def nullable(self, node: Node) -> str:
        code, nulls = self.value(node)
        return code if not nulls or nulls == (code,) else f"({code} if {self.present(nulls)} else None)"

    def present(self, nulls: Sequence[str], *more: str) -> str:
        return " and ".join([f"{null} is not None" for null in dict.fromkeys(nulls)] + list(more)) or "True"

    def keys(self, keys: tuple[Node, ...]) -> tuple[str, str]:
        codes = [self.nullable(key) for key in keys]
        return f"({''.join(f'{code}, ' for code in codes)})", " or ".join(
            f"{code} is None" for code in codes
        ) or "False"

    def lookup(self, table: str, keys: tuple[Node, ...], column: str | None) -> str:
        found = self.typing.tables[table]
        tuple_code, any_null = self.keys(keys)

        def write_row(to: str) -> list[str]:
            if found.dated:
                return [f"{to} = {self.constant(found.row)}({tuple_code}, {self.day()})"]
            if found.key_columns and not found.searched:
                return [f"{to} = {self.constant(found.single)}.get({tuple_code}, EMPTY)"]
            return [f"{to} = {self.constant(found.row)}({tuple_code})"]

        row = self.local(("row", table, keys), write_row)
        if column is None:
            return self.local(
                ("exists", table, keys), lambda to: [f"{to} = None if {any_null} else {row} is not EMPTY"]
            )
        return self.local(("column", table, keys, column), lambda to: [f"{to} = {row}.get({column!r})"])

    def true(self, node: Node) -> str:
        return self.truth(node, True)

    def false(self, node: Node) -> str:
        return self.truth(node, False)

    def truth(self, node: Node, wanted: bool) -> str:
        """Python that is True exactly when the node is certainly `wanted`."""
        match node:
            case Logic("not", (part,)):
                return self.truth(part, not wanted)
            case Logic(operator, parts):
                word = "and" if (operator == "and") == wanted else "or"
                return "(" + f" {word} ".join(self.truth(part, wanted) for part in parts) + ")"
            case Compare(operator, left, right):
                return self.comparison(operator if wanted else NEGATED[operator], left, right)
            case Test():
                return self.tested(node, wanted)
            case Call("has_note", args):
                whole = self.over == "claims"
                line = "None" if whole else self.name("line_no")
                words = ", ".join(self.value(arg)[0] for arg in args)
                return f"(around.has_note({line}, {whole}, {words}) is {wanted})"
            case Call("code_present", (arg,)):
                return f"(({self.value(arg)[0]} in around.codes) is {wanted})"
            case Call("has_code_prefix", (arg,)):
                return f"(around.has_code_prefix({self.value(arg)[0]}) is {wanted})"
            case Listed(rows, table, keys):
                codes = "around.confirmed" if rows == "diagnosis" else "around.codes"
                listed = self.constant(self.typing.tables[table].listed)
                return f"({listed}({self.keys(keys)[0]}, {codes}) is {wanted})"
            case Call("regexp_matches", (text, Literal(pattern))):
                code, nulls = self.value(text)
                search = self.constant(re.compile(str(pattern)).search)
                return f"({self.present(nulls, f'({search}({code}) is not None) is {wanted}')})"
            case Literal(value):
                return str(value is wanted)
        code, nulls = self.value(node)
        if nulls == (code,):
            return f"({code} is {wanted})"
        return f"({self.present(nulls, f'{code} is {wanted}')})"

    def comparison(self, operator: str, left: Node, right: Node) -> str:
        (left_code, left_nulls), (right_code, right_nulls) = self.value(left), self.value(right)
        kinds = {self.typing.of(left, self.over), self.typing.of(right, self.over)}
        if "any" in kinds:
            test = f"compared({operator!r}, {left_code}, {right_code})"
        elif "number" in kinds:
            test = {
                "=": f"-{EPSILON} <= {left_code} - {right_code} <= {EPSILON}",
                "<>": f"not -{EPSILON} <= {left_code} - {right_code} <= {EPSILON}",
                "<": f"{left_code} < {right_code} - {EPSILON}",
                "<=": f"{left_code} <= {right_code} + {EPSILON}",
                ">": f"{left_code} > {right_code} + {EPSILON}",
                ">=": f"{left_code} >= {right_code} - {EPSILON}",
            }[operator]
        else:
            test = f"{left_code} { {'=': '==', '<>': '!='}.get(operator, operator) } {right_code}"
        return f"({self.present(left_nulls + right_nulls, test)})"

    def tested(self, node: Test, wanted: bool) -> str:
        code, nulls = self.value(node.value)
        if node.kind == "null":
            present = self.present(nulls)
            return f"(not ({present}))" if wanted else f"({present})"
        no = "" if wanted else "not "
        if node.kind == "in":
            test = f"{code} {no}in {self.constant(frozenset(node.against))}"
        else:
            test = f"{no}{like(str(node.against[0]), code, self.constant)}"
        return f"({self.present(nulls, test)})"


def like(pattern: str, code: str, constant: Callable[[Any], str]) -> str:
    """Python for `code LIKE pattern`."""
    inner = pattern.strip("%")
    if "%" not in inner and "_" not in inner:
        starts, ends = pattern.startswith("%"), pattern.endswith("%")
        if not starts and ends:
            return f"{code}.startswith({inner!r})"
        if starts and not ends:
            return f"{code}.endswith({inner!r})"
        return f"({inner!r} in {code})" if starts else f"({code} == {inner!r})"
    return f"({constant(re.compile(like_regex(pattern), re.S).fullmatch)}({code}) is not None)"


def like_regex(pattern: str) -> str:
    return "".join(".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in pattern)


def _compared(operator: str, left: Any, right: Any) -> bool:
    """A column the contract does not know, beside something: unequal kinds are never a finding."""
    try:
        if operator in {"=", "<>"}:
            return bool((left == right) is (operator == "="))
        return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])
    except TypeError:
        return False


def _round(number: float, digits: int = 0) -> float:
    scale = 10**digits
    return math.floor(number * scale + 0.5 + EPSILON) / scale


def _night(at: datetime) -> bool:
    return calendar.is_night_or_holiday(at)


STRICT = {
    "floor": lambda number: math.floor(number + EPSILON),
    "ceil": lambda number: math.ceil(number - EPSILON),
    "round": _round,
    "floor10": lambda number: math.floor((number + EPSILON) / 10) * 10,
    "abs": abs,
    "least": min,
    "greatest": max,
    "length": len,
    "left": lambda text, count: text[:count],
    "month": lambda day: day.month,
    "year": lambda day: day.year,
    "date_diff_days": lambda later, earlier: (later - earlier).days,
    "is_night_or_holiday": _night,
}
NAMESPACE: dict[str, Any] = {**STRICT, "compared": _compared, "EMPTY": EMPTY}
