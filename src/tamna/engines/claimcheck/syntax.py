"""The rule language: SQL over one row, parsed once into a small typed tree.

Kept small on purpose: comparison, AND OR NOT IN BETWEEN LIKE IS NULL, arithmetic, a closed list of functions, and
`table:NAME(key…).column`, `table:NAME(key…) exists|missing`, `exists diagnosis|line in table:NAME(key)`. BETWEEN,
NOT IN and `missing` are rewritten here, so that the two emitters meet nine kinds of node only.
NULL is as in SQL: a comparison with NULL is NULL, and NULL is not a finding. Raises ExpressionError.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

NULL_TYPE = "null"


class ExpressionError(ValueError):
    """An expression cannot be read: `at` is the place in the text, `wanted` what could stand there (empty: no such letter)."""

    def __init__(self, message: str, at: int = 0, wanted: str = "") -> None:
        super().__init__(message)
        self.at, self.wanted = at, wanted


@dataclass(frozen=True)
class Name:
    """A column of the row (else of its claim), `claim.…`, derived, of a window, or `other.…`, `pair.…` inside a pair."""

    name: str


@dataclass(frozen=True)
class Literal:
    value: str | int | float | bool | date | None


@dataclass(frozen=True)
class Lookup:
    """One column of the table's row for the key; `column` None asks only whether there is a row."""

    table: str
    keys: tuple["Node", ...]
    column: str | None


@dataclass(frozen=True)
class Listed:
    """Some diagnosis that is not a rule-out (or some line) stands in the table's list for the key."""

    rows: str  # diagnosis, line
    table: str
    keys: tuple["Node", ...]


@dataclass(frozen=True)
class Call:
    function: str
    args: tuple["Node", ...]


@dataclass(frozen=True)
class Arithmetic:
    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Compare:
    operator: str  # = <> < <= > >=
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Test:
    """A condition on one value: `in` a list of literals, `like` a pattern, `null`."""

    kind: str
    value: "Node"
    against: tuple[str | int | float | date, ...] = ()


@dataclass(frozen=True)
class Logic:
    operator: str  # and, or, not
    parts: tuple["Node", ...]


Node = Name | Literal | Lookup | Listed | Call | Arithmetic | Compare | Test | Logic

# name → (fewest, most arguments, type of the answer)
FUNCTIONS: dict[str, tuple[int, int, str]] = {
    "floor": (1, 1, "number"),
    "ceil": (1, 1, "number"),
    "round": (1, 2, "number"),
    "floor10": (1, 1, "number"),
    "abs": (1, 1, "number"),
    "least": (2, 2, "number"),
    "greatest": (2, 2, "number"),
    "coalesce": (2, 2, "any"),
    "length": (1, 1, "int"),
    "left": (2, 2, "text"),
    "month": (1, 1, "int"),
    "year": (1, 1, "int"),
    "date_diff_days": (2, 2, "int"),
    "regexp_matches": (2, 2, "bool"),
    "is_night_or_holiday": (1, 1, "bool"),
    "has_note": (1, 2, "bool"),
    "code_present": (1, 1, "bool"),
    "has_code_prefix": (1, 1, "bool"),
    "rows_within": (1, 1, "int"),
    "quantity_within": (1, 1, "number"),
    "engine": (1, 1, "number"),
    "orders_without_line": (0, 0, "int"),
    "counted": (1, 1, "int"),
    "nth_distinct": (1, 1, "int"),
    "robust_z": (1, 3, "number"),
}
# of a window: their arguments are judged on every row of it
OVER_MEMBERS = frozenset({"counted", "nth_distinct", "robust_z"})
WITHIN = frozenset({"rows_within", "quantity_within"})  # counted back from the row
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|'(?P<text>(?:[^']|'')*)'|(?P<table>table:[a-z_0-9]+)"
    r"|(?P<word>[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)?)|(?P<symbol><>|<=|>=|!=|[=<>+\-*/(),.]))"
)
WORDS = {"and", "or", "not", "in", "between", "like", "is", "null", "true", "false", "exists", "missing"}


def parse(text: str) -> Node:
    """The tree of one expression."""
    parser = _Parser(text)
    node = parser.either()
    parser.end()
    return node


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Lookup(keys=parts) | Listed(keys=parts) | Call(args=parts) | Logic(parts=parts):
            return parts
        case Arithmetic(left=left, right=right) | Compare(left=left, right=right):
            return (left, right)
        case Test(value=value):
            return (value,)
    return ()


def with_children(node: Node, parts: Sequence[Node]) -> Node:
    """The node over other children, in the order of `children`."""
    match node:
        case Lookup(table, _, column):
            return Lookup(table, tuple(parts), column)
        case Listed(rows, table, _):
            return Listed(rows, table, tuple(parts))
        case Call(function, _):
            return Call(function, tuple(parts))
        case Logic(operator, _):
            return Logic(operator, tuple(parts))
        case Arithmetic(operator, _, _):
            return Arithmetic(operator, parts[0], parts[1])
        case Compare(operator, _, _):
            return Compare(operator, parts[0], parts[1])
        case Test(kind, _, against):
            return Test(kind, parts[0], against)
    return node


class _Parser:
    """Recursive descent; each method reads one level of precedence."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at = text, list(tokens(text)), 0

    def fail(self, wanted: str) -> ExpressionError:
        where = self.tokens[self.at][2] if self.at < len(self.tokens) else len(self.text)
        return ExpressionError(f"expected {wanted} at character {where} of: {self.text}", where, wanted)

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at][:2] if self.at < len(self.tokens) else ("end", "")

    def take(self, *wanted: str) -> bool:
        kind, value = self.peek()
        if kind in {"keyword", "symbol"} and value in wanted:
            self.at += 1
            return True
        return False

    def need(self, symbol: str) -> None:
        if not self.take(symbol):
            raise self.fail(repr(symbol))

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise self.fail("the end")

    def either(self) -> Node:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Logic("or", tuple(parts))

    def both(self) -> Node:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts))

    def negation(self) -> Node:
        return _not(self.negation()) if self.take("not") else self.condition()

    def condition(self) -> Node:
        if self.take("exists"):
            return self.listed()
        left = self.sum()
        if isinstance(left, Lookup) and left.column is None:
            if self.take("exists"):
                return left
            if self.take("missing"):
                return _not(left)
            raise self.fail("exists, missing or .column")
        kind, operator = self.peek()
        if kind == "symbol" and operator in {"=", "<>", "!=", "<", "<=", ">", ">="}:
            self.at += 1
            return Compare("<>" if operator == "!=" else operator, left, self.sum())
        if self.take("is"):
            negative = self.take("not")
            self.need("null")
            return _not(Test("null", left)) if negative else Test("null", left)
        negative = self.take("not")
        node: Node | None = None
        if self.take("in"):
            node = Test("in", left, self.literals())
        elif self.take("between"):
            low = self.sum()
            self.need("and")
            node = Logic("and", (Compare(">=", left, low), Compare("<=", left, self.sum())))
        elif self.take("like"):
            kind, pattern = self.peek()
            if kind != "text":
                raise self.fail("a pattern")
            self.at += 1
            node = Test("like", left, (pattern,))
        if node is None:
            if negative:
                raise self.fail("IN, BETWEEN or LIKE")
            return left
        return _not(node) if negative else node

    def listed(self) -> Node:
        kind, rows = self.peek()
        if kind != "word" or rows not in {"diagnosis", "line"}:
            raise self.fail("diagnosis or line")
        self.at += 1
        self.need("in")
        kind, name = self.peek()
        if kind != "table":
            raise self.fail("table:NAME")
        self.at += 1
        return Listed(rows, name, self.arguments() if self.peek() == ("symbol", "(") else ())

    def literals(self) -> tuple[str | int | float | date, ...]:
        self.need("(")
        values: list[str | int | float | date] = []
        while True:
            item = self.sum()
            if not isinstance(item, Literal) or item.value is None:
                raise self.fail("a list of literals")
            values.append(item.value)
            if self.take(")"):
                return tuple(values)
            self.need(",")

    def sum(self) -> Node:
        node = self.product()
        while (operator := self.peek()[1]) in {"+", "-"} and self.peek()[0] == "symbol":
            self.at += 1
            node = Arithmetic(operator, node, self.product())
        return node

    def product(self) -> Node:
        node = self.value()
        while (operator := self.peek()[1]) in {"*", "/"} and self.peek()[0] == "symbol":
            self.at += 1
            node = Arithmetic(operator, node, self.value())
        return node

    def value(self) -> Node:
        kind, value = self.peek()
        self.at += 1
        if kind == "number":
            return Literal(float(value) if "." in value else int(value))
        if kind == "text":
            return Literal(value)
        if kind == "keyword" and value in {"true", "false", "null"}:
            return Literal({"true": True, "false": False, "null": None}[value])
        if kind == "symbol" and value == "(":
            node = self.either()
            self.need(")")
            return node
        if kind == "symbol" and value == "-":
            return Arithmetic("-", Literal(0), self.value())
        if kind == "table":
            return self.lookup(value)
        if kind == "word":
            return self.call(value) if self.peek() == ("symbol", "(") else Name(value)
        self.at -= 1
        raise self.fail("a value")

    def lookup(self, table: str) -> Node:
        keys = self.arguments()
        if not self.take("."):
            return Lookup(table, keys, None)
        kind, column = self.peek()
        if kind != "word":
            raise self.fail("a column of the table")
        self.at += 1
        return Lookup(table, keys, column)

    def call(self, function: str) -> Node:
        if function not in FUNCTIONS:
            raise self.fail(f"a function this language has (not {function})")
        args = self.arguments()
        fewest, most, _ = FUNCTIONS[function]
        if not fewest <= len(args) <= most:
            raise self.fail(f"{fewest} to {most} arguments of {function}")
        return Call(function, args)

    def arguments(self) -> tuple[Node, ...]:
        self.need("(")
        args: list[Node] = []
        if self.take(")"):
            return ()
        while True:
            args.append(self.either())
            if self.take(")"):
                return tuple(args)
            self.need(",")


def _not(node: Node) -> Node:
    return Logic("not", (node,))


def tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """(kind, value, where it begins) of every word, number, text, table and symbol."""
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        found = TOKEN.match(stripped, at)
        if not found:
            at += len(stripped[at:]) - len(stripped[at:].lstrip())
            raise ExpressionError(f"cannot read character {at} of: {text}", at)
        kind = found.lastgroup or ""
        value = found.group(kind)
        if kind == "text":
            value = value.replace("''", "'")
        elif kind == "table":
            value = value.removeprefix("table:")
        elif kind == "word" and value.lower() in WORDS:
            kind, value = "keyword", value.lower()
        yield kind, value, found.end() - len(found.group().lstrip())
        at = found.end()
