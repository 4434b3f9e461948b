"""Company of a row: windows (횟수·간격) and pairs (병용) inside one statement or over a patient's statements.

A window gathers the rows that share the values of `per`, in order of day, statement and line. It gives each row
nth, rows, total (quantity), codes, kept_code (the dearest line's code), days_since (to the nearest earlier day), and
rows_within(n), quantity_within(n): counted back n days, this day included, up to this row. `counted(condition)`,
`nth_distinct(value)` and `robust_z(value, shared…)` judge their arguments on every row of the window.
A pair joins each two lines that share `per`; with a table, only the codes it lists, `side` saying which column this is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.tables import Table

Row = Mapping[str, Any]
SHARED = tuple(sorted(schema.LINE.keys() & schema.CLAIM.keys() - {"claim_id"}))
DAY = {"lines": "service_on", "claims": "claim_on", "diagnoses": "onset_on"}


@dataclass(frozen=True)
class Member:
    """A row in its window; `at` is its place among the current statement's rows, or -1 for a row of history.

    `is_able`: in a pair it can be the line that is found, in a window it can be found alone; `is_beside`: it can be the other of a pair.
    """

    at: int
    row: Row
    day: date | None
    order: tuple[int, int]
    claim: Row
    is_able: bool = True
    is_beside: bool = True

    @property
    def rank(self) -> tuple[date, tuple[int, int]]:
        return (self.day or date.min, self.order)


Asked = Mapping[Any, Callable[[Member], tuple[Any, ...]]]  # a call of `syntax.OVER_MEMBERS` → its arguments for a row
FEWEST_PEERS = 30  # a robust z is not known among fewer


def windowed(
    members: Sequence[Member], names: frozenset[str], asked: Asked | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(place, row with the window's values) for every row of the current statement."""
    ordered = sorted(members, key=lambda member: member.rank)
    over_members = {
        call: OVER_MEMBERS[call.function]([arguments(member) for member in ordered])
        for call, arguments in (asked or {}).items()
    }
    whole: dict[str, Any] = {"rows": len(ordered)}
    if "total" in names:
        whole["total"] = sum(member.row.get("quantity") or 0.0 for member in ordered)
    if "codes" in names:
        whole["codes"] = len({member.row.get("code") for member in ordered} - {None})
    if "kept_code" in names:
        whole["kept_code"] = min(ordered, key=lambda member: (-(member.row.get("amount") or 0), member.rank)).row.get(
            "code"
        )
    days = sorted({member.day for member in ordered if member.day}) if "days_since" in names else []
    for place, member in enumerate(ordered):
        if member.at < 0:
            continue
        values: dict[Any, Any] = dict(member.row) | whole | {"nth": place + 1}
        values |= {call: answers[place] for call, answers in over_members.items()}
        if days and member.day:
            earlier = days.index(member.day)
            values["days_since"] = (member.day - days[earlier - 1]).days if earlier else None
        if "rows_within" in names or "quantity_within" in names:
            values["rows_within"] = _counting_back(ordered, place, lambda row: 1)
            values["quantity_within"] = _counting_back(ordered, place, lambda row: row.get("quantity") or 0.0)
        yield member.at, values


def _counted(rows: Sequence[tuple[Any, ...]]) -> list[int]:
    """How many rows of the window meet the condition."""
    return [sum(met is True for (met,) in rows)] * len(rows)


def _nth_distinct(rows: Sequence[tuple[Any, ...]]) -> list[int | None]:
    """The turn of this row's value among the different values, in order of first appearance."""
    turns: dict[Any, int] = {}
    for (value,) in rows:
        if value is not None:
            turns.setdefault(value, len(turns) + 1)
    return [turns.get(value) for (value,) in rows]


def _robust_z(rows: Sequence[tuple[Any, ...]]) -> list[float | None]:
    """(x − median) / (1.4826 × median of the distances); a peer is a row, or all rows that share the other arguments.

    Null among fewer than FEWEST_PEERS, and where at least half of them are equal.
    """
    peers: dict[Any, float] = {}
    keys: list[Any] = []
    for turn, (value, *shared) in enumerate(rows):
        key = tuple(shared) if shared else turn
        known = value is not None and None not in shared
        keys.append(key if known else None)
        if known:
            peers[key] = peers.get(key, 0.0) + value
    if len(peers) < FEWEST_PEERS:
        return [None] * len(rows)
    middle = median(peers.values())
    spread = 1.4826 * median(abs(value - middle) for value in peers.values())
    return [None if key is None or spread == 0 else (peers[key] - middle) / spread for key in keys]


OVER_MEMBERS: Mapping[str, Callable[[Sequence[tuple[Any, ...]]], Sequence[Any]]] = {
    "counted": _counted,
    "nth_distinct": _nth_distinct,
    "robust_z": _robust_z,
}


def _counting_back(ordered: Sequence[Member], place: int, weigh: Callable[[Row], Any]) -> Callable[[int | None], Any]:
    day = ordered[place].day

    def within(days: int | None) -> Any:
        if days is None or day is None:
            return None
        after = day - timedelta(days=int(days))
        return sum(weigh(member.row) for member in ordered[: place + 1] if member.day and member.day > after)

    return within


def paired(members: Sequence[Member], table: Table | None) -> Iterator[tuple[int, dict[str, Any]]]:
    """(place, row with the other line's and the table's values) for every pair a current row is in."""
    for mine in members:
        if mine.at < 0 or not mine.is_able:
            continue
        for other in members:
            if other is mine or not other.is_beside:
                continue
            for side, listed in _sides(mine, other, table):
                values = dict(mine.row) | {f"other.{name}": value for name, value in other.row.items()} | listed
                for name in SHARED:  # a line without its own doctor has the statement's
                    if values.get(f"other.{name}") is None:
                        values[f"other.{name}"] = other.claim.get(name)
                yield (
                    mine.at,
                    values
                    | {
                        "side": side,
                        "is_cheaper": _cheaper(mine, other),
                        "is_later": mine.rank > other.rank,
                        "days_overlap": _overlap(mine, other),
                    },
                )


def _sides(mine: Member, other: Member, table: Table | None) -> Iterator[tuple[str, dict[str, Any]]]:
    if table is None:
        yield "", {}
        return
    for side, key in (("a", (mine, other)), ("b", (other, mine))):
        found = table.single.get(tuple(member.row.get("code") for member in key))
        if found:
            yield side, {f"pair.{name}": value for name, value in found.items()}


def _cheaper(mine: Member, other: Member) -> bool:
    """The line that would be cut: the smaller amount; of equals the later."""
    left, right = mine.row.get("amount") or 0, other.row.get("amount") or 0
    return left < right or (left == right and mine.rank > other.rank)


def _overlap(mine: Member, other: Member) -> bool | None:
    if mine.day is None or other.day is None:
        return None
    return mine.day <= _last_day(other) and other.day <= _last_day(mine)


def _last_day(member: Member) -> date:
    assert member.day is not None  # noqa: S101  asked just before
    return member.day + timedelta(days=min(max((member.row.get("days") or 1) - 1, 0), 9_999))
