"""The rows of one scope, read at three levels: a condition is judged once for each kind of row, once for each claim, or for each row.

A kind is the set of rows that share their codes and classes (`KIND`) and the time between two changes of the tables; there
are some thousands among millions of lines. Top-level conditions of a rule that name nothing else are judged on the kinds,
those that name only the claim on the claims, and what is left only on the rows these two let through.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tamna.engines.claimcheck.company import conjuncts
from tamna.engines.claimcheck.emit_frames import OUTSIDE, FrameEmitter
from tamna.engines.claimcheck.frame_numbers import Places, combined, dense, numbered
from tamna.engines.claimcheck.rules import PAIR_NAMES, WINDOW_NAMES, Rule
from tamna.engines.claimcheck.single import Part
from tamna.engines.claimcheck.syntax import (
    OVER_MEMBERS,
    WITHIN,
    Call,
    Compare,
    Listed,
    Literal,
    Logic,
    Lookup,
    Name,
    Node,
    Test,
    walk,
)

KIND = {
    "lines": ("code", "item_class", "item_sub", "code_kind", "copay_kind"),
    "diagnoses": ("code", "kind"),
    "prescriptions": ("code", "code_kind"),
}
OF_THE_CLAIM = {"has_code_prefix", "engine", "orders_without_line", "code_present"}
AT_A_TIME = 25  # expressions evaluated together: more only costs memory
NARROW = 4  # a rule that one row in so many could hit is judged on these rows alone
EPOCH = date(1970, 1, 1)
Mask = NDArray[np.bool_]


class Domain:
    """A frame on which nodes are judged; what they look up is joined once."""

    def __init__(self, frame: pl.DataFrame, emitter: FrameEmitter) -> None:
        self.frame, self.emitter = frame, emitter

    def prepare(self, nodes: Iterable[Node]) -> None:
        self.frame = self.emitter.prepared(self.frame, nodes)

    def series(self, node: Node) -> pl.Series:
        self.prepare([node])
        return _only(self.frame.select(self.emitter.expr(node, self.frame).alias("x")), len(self.frame))

    def masks(self, wanted: Sequence[Sequence[Node]]) -> list[Mask]:
        """Where all of the nodes are true, for each of `wanted`."""
        self.prepare(node for nodes in wanted for node in nodes)
        found: list[Mask] = []
        for start in range(0, len(wanted), AT_A_TIME):
            some = wanted[start : start + AT_A_TIME]
            answers = self.frame.select(
                pl.all_horizontal([self.emitter.truth(node, self.frame) for node in nodes])
                .fill_null(value=False)
                .alias(str(number))
                for number, nodes in enumerate(some)
            )
            found += [_only(answers.select(name), len(self.frame)).to_numpy() for name in answers.columns]
        return found


def _only(frame: pl.DataFrame, count: int) -> pl.Series:
    """The one column; a literal is one row for all."""
    values = frame.to_series()
    return values if len(values) == count else values.new_from_index(0, count)


class Scope:
    """The rows of a scope with their kinds and claims."""

    def __init__(self, frame: pl.DataFrame, emitter: FrameEmitter, claims: Domain) -> None:
        self.over, self.frame, self.emitter, self.claims = emitter.over, frame, emitter, claims
        self.claim: Places = frame["claim"].cast(pl.Int64()).to_numpy()
        self._levels: dict[Node, str] = {}
        self._keys: dict[Node, tuple[Places, int]] = {}
        self._standing: dict[str, bool] = {}
        self._forces: dict[tuple[date, date | None], Mask | None] = {}

    def __len__(self) -> int:
        return len(self.frame)

    # ---- kinds -----------------------------------------------------------------------------------------------------

    @cached_property
    def _days(self) -> tuple[Places, Mask]:
        """The day that decides about each row, and where it is known."""
        rows = self._bare(None, [Name("service_on"), Name("first_visit_on")])
        days = _only(rows.select(self.emitter.day(rows).alias("x")), len(self))
        return days.to_physical().cast(pl.Int64()).fill_null(0).to_numpy(), days.is_not_null().to_numpy()

    @cached_property
    def _kinds(self) -> tuple[Places, Domain]:
        """Each row's kind, and one row of each."""
        columns = [name for name in KIND.get(self.over, ()) if name in self.frame.columns]
        number, size = np.zeros(len(self), np.int64), 1
        for name in columns:
            codes, count = numbered(self.frame[name])
            number, size = dense(number * (count + 1) + codes + 1, size * (count + 1))
        times = self._changes
        epochs = np.zeros(len(self), np.int64)
        if len(times):
            days, known = self._days
            epochs = np.where(known, np.searchsorted(times, days, side="right"), len(times) + 1)
            number, size = dense(number * (len(times) + 2) + epochs, size * (len(times) + 2))
        first = np.zeros(size, np.int64)
        first[number] = np.arange(len(self))
        kinds = self.frame.select(columns)[first] if columns else pl.DataFrame({"§": [0] * size})
        if len(times):
            stands = np.concatenate([times[:1] - 1, times, times[:1]])[epochs[first]]
            day = pl.Series(stands.astype(np.int32)).cast(pl.Date())
            day = day.set(pl.Series(epochs[first] == len(times) + 1), None)
            kinds = kinds.with_columns(day.alias("service_on" if self.over == "lines" else "c:first_visit_on"))
        return number, Domain(kinds, self.emitter)

    @cached_property
    def _changes(self) -> Places:
        """Days on which some table that rows of this scope ask by the day changes."""
        asked = {node.table for node in self._levels if isinstance(node, Lookup)}
        days = {day for name in asked for day in self.emitter.typing.tables[name].changes}
        return np.array(sorted((day - EPOCH).days for day in days), np.int64)

    # ---- levels ----------------------------------------------------------------------------------------------------

    def learn(self, nodes: Iterable[Node]) -> None:
        """Know the nodes that will be asked, before the kinds are made."""
        for top in nodes:
            for node in walk(top):
                self._level(node)

    def _level(self, node: Node) -> str:
        if node not in self._levels:
            self._levels[node] = self._found_level(node)
        return self._levels[node]

    def _found_level(self, node: Node) -> str:
        kind, claim, own = self.over in KIND, self.over != "claims", True
        for below in walk(node):
            match below:
                case Name(name):
                    prefix, _, _ = name.rpartition(".")
                    if prefix in {"other", "pair"} or name in WINDOW_NAMES or name in PAIR_NAMES:
                        return "company"
                    kind = kind and name in KIND[self.over]
                    claim = claim and (prefix == "claim" or self.emitter.only_claims(name))
                    own = own and self._is_own(name)
                case Call(function, _) if function in WITHIN | OVER_MEMBERS:
                    return "company"
                case Call(function, _) if function in OUTSIDE:
                    kind, claim, own = False, claim and function in OF_THE_CLAIM, False
                case Listed():
                    kind = own = False
                case Lookup(table, _, _):
                    own = False
                    if self.emitter.typing.tables[table].dated and not self._stands(table):
                        claim = False  # the row's own day decides
        return "kind" if kind else "claim" if claim else "own" if own else "row"

    def _is_own(self, name: str) -> bool:
        """Whether the row's own columns hold the name, and nothing of the claim is asked."""
        return self.over == "claims" or not (
            name.startswith("claim.") or self.emitter.only_claims(name) or name in self.claims.frame.columns
        )

    def _stands(self, name: str) -> bool:
        """Whether a dated table answers the same on every day of these rows and of their claims."""
        if name not in self._standing:
            changes = self.emitter.typing.tables[name].changes
            first, last = self._span
            is_known = first is not None and last is not None
            self._standing[name] = is_known and not any(first < (day - EPOCH).days <= last for day in changes)  # type: ignore[operator]
        return self._standing[name]

    @cached_property
    def _span(self) -> tuple[int | None, int | None]:
        """The first and the last day of the rows and of their claims; none where a day is missing."""
        days, known = self._days
        visits = self.claims.frame["first_visit_on"] if "first_visit_on" in self.claims.frame.columns else None
        if visits is None or visits.null_count() or not known.all() or not len(days):
            return None, None
        of_claims = visits.to_physical().to_numpy()
        return int(min(days.min(), of_claims.min())), int(max(days.max(), of_claims.max()))

    # ---- rows ------------------------------------------------------------------------------------------------------

    def rows(self, at: Places | None, nodes: Sequence[Node], more: Iterable[str] = ()) -> pl.DataFrame:
        """These rows (all without `at`), with what the nodes ask of them."""
        rows = self._bare(at, nodes, more)
        wanted = [
            node for top in nodes for node in walk(top) if isinstance(node, Lookup) and self._level(node) == "kind"
        ]
        if wanted:
            number, kinds = self._kinds
            kinds.prepare(wanted)
            places = pl.Series(number if at is None else number[at])
            names = dict.fromkeys(self.emitter.named(node) for node in wanted)
            rows = rows.with_columns(kinds.frame[name].gather(places) for name in names)
        return self.emitter.prepared(rows, nodes)

    def _bare(self, at: Places | None, nodes: Sequence[Node], more: Iterable[str] = ()) -> pl.DataFrame:
        names = {node.name.rpartition(".")[2] for top in nodes for node in walk(top) if isinstance(node, Name)}
        names.update(more)
        for node in (below for top in nodes for below in walk(top)):
            if isinstance(node, Lookup) and self.emitter.typing.tables[node.table].dated:
                names |= {"service_on", "first_visit_on"}
            if isinstance(node, Call) and node.function == "orders_without_line":
                names.add("claim_id")
        own = [name for name in self.frame.columns if name in names or name in {"claim", "at", "line_no"}]
        rows = pl.DataFrame([self.frame[name] for name in own])
        rows = rows if at is None else rows[at]
        if self.over == "claims":
            return rows
        claims = self.claims.frame
        read = [name for name in claims.columns if name in names and name not in {"claim", "at"}]
        return rows.with_columns(claims[name].gather(rows["claim"]).alias(f"c:{name}") for name in read)

    # ---- conditions ------------------------------------------------------------------------------------------------

    def levels(self, nodes: Iterable[Node]) -> tuple[list[Node], list[Node], list[Node], list[Node]]:
        """The nodes judged on kinds, on claims, on rows as they are, on rows with what is joined; those of company left out."""
        of: dict[str, list[Node]] = {"kind": [], "claim": [], "own": [], "row": [], "company": []}
        for node in nodes:
            of[self._level(node)].append(node)
        return of["kind"], of["claim"], of["own"], of["row"]

    def met(self, wanted: Sequence[Sequence[Node]]) -> Iterator[Places | None]:
        """For each of `wanted` the rows on which all of its nodes are true, in order; None: every row."""
        split = [self.levels((*nodes, *(more for node in nodes for more in self._implied(node)))) for nodes in wanted]
        by_kind = self._masks("kind", [kind for kind, _, _, _ in split])
        by_claim = self._masks("claim", [claim for _, claim, _, _ in split])
        let = [self._let(kind, claim) for kind, claim in zip(by_kind, by_claim, strict=True)]
        let = list(self._judged([own for _, _, own, _ in split], let))
        yield from self._judged([rows for _, _, _, rows in split], let)

    def _judged(self, wanted: Sequence[list[Node]], let: Sequence[Places | None]) -> Iterator[Places | None]:
        """Of the rows let in, those that meet the nodes: all rows at once where many were let in, else these alone."""
        wide = [
            place for place, nodes in enumerate(wanted)
            if nodes and ((at := let[place]) is None or len(at) * NARROW > len(self))
        ]  # fmt: skip
        judged = dict(zip(wide, self._wide([wanted[place] for place in wide]), strict=True))
        for place, rows in enumerate(wanted):
            at = let[place]
            if place in judged:
                yield np.flatnonzero(judged[place]) if at is None else at[judged[place][at]]
            elif rows and at is not None and len(at):
                yield at[Domain(self.rows(at, rows), self.emitter).masks([rows])[0]]
            else:
                yield at

    def met_among(self, nodes: Sequence[Node], members: Places) -> Mask:
        """Which of these rows meet all nodes."""
        kinds, claims, own, joined = self.levels(nodes)
        rows = own + joined
        met = np.ones(len(members), bool)
        if kinds:
            met &= self._kinds[1].masks([kinds])[0][self._kinds[0][members]]
        if claims:
            met &= self.claims.masks([claims])[0][self.claim[members]]
        if rows and met.any():
            met[met] = Domain(self.rows(members[met], rows), self.emitter).masks([rows])[0]
        return met

    def _implied(self, node: Node) -> tuple[Node, ...]:
        """What a condition on the row needs of its kind or claim: a comparison with nothing is never true."""
        if self._level(node) not in {"own", "row"}:
            return ()
        if isinstance(node, Lookup) and node.column is None:
            return self._there(node)
        if isinstance(node, Compare):
            sides = [side for side in (node.left, node.right) if self._level(side) in {"kind", "claim"}]
            given = tuple(Logic("not", (Test("null", side),)) for side in sides if not isinstance(side, Literal))
            looked_up = (side for side in (node.left, node.right) if isinstance(side, Lookup) and side not in sides)
            return given + tuple(more for side in looked_up for more in self._there(side))
        if isinstance(node, Logic) and node.operator == "or":
            needs = [tuple(more for one in conjuncts(part) for more in self._implied(one)) for part in node.parts]
            if all(needs):
                either = Logic("or", tuple(Logic("and", need) if len(need) > 1 else need[0] for need in needs))
                return (either,) if self._level(either) in {"kind", "claim"} else ()
        return ()

    def _there(self, node: Lookup) -> tuple[Node, ...]:
        """That each key alone stands somewhere in the table."""
        known = self.emitter.typing.tables[node.table].keys_alone
        return tuple(
            Test("in", key, values)
            for key, values in zip(node.keys, known, strict=False)
            if values and self._level(key) in {"kind", "claim"}
        )

    def _masks(self, level: str, wanted: list[list[Node]]) -> list[Mask | None]:
        asked = [nodes for nodes in wanted if nodes]
        if not asked:
            return [None] * len(wanted)
        found = iter((self._kinds[1] if level == "kind" else self.claims).masks(asked))
        return [next(found) if nodes else None for nodes in wanted]

    def _let(self, kind: Mask | None, claim: Mask | None) -> Places | None:
        at = None if kind is None else self._of_kinds(kind)
        if claim is None:
            return at
        if not claim.any():
            return np.zeros(0, np.int64)
        return np.flatnonzero(claim[self.claim]) if at is None else at[claim[self.claim[at]]]

    @cached_property
    def _by_kind(self) -> tuple[Places, Places]:
        """Rows in order of their kinds, and where each kind begins."""
        number, kinds = self._kinds
        few = len(kinds.frame) <= 1 << 16  # then numpy sorts by counting
        order = np.argsort(number.astype(np.uint16) if few else number, kind="stable")
        return order, np.concatenate([[0], np.cumsum(np.bincount(number, minlength=len(kinds.frame)))])

    def _of_kinds(self, chosen: Mask) -> Places:
        """Rows of the chosen kinds."""
        order, begins = self._by_kind
        kinds = np.flatnonzero(chosen)
        if (begins[kinds + 1] - begins[kinds]).sum() * NARROW > len(self):
            return np.flatnonzero(chosen[self._kinds[0]])
        pieces = [order[begins[kind] : begins[kind + 1]] for kind in kinds]
        return np.sort(np.concatenate(pieces)) if pieces else np.zeros(0, np.int64)

    def _wide(self, wanted: list[list[Node]]) -> list[Mask]:
        if not wanted:
            return []
        rows = self.rows(None, [node for nodes in wanted for node in nodes])
        return Domain(rows, self.emitter).masks(wanted)

    def in_force(self, rule: Rule) -> Mask | None:
        """Rows on whose day the rule holds; None: all of them."""
        if (rule.starts_on, rule.ends_on) not in self._forces:
            days, known = self._days
            held = days >= (rule.starts_on - EPOCH).days
            if rule.ends_on is not None:
                held &= days < (rule.ends_on - EPOCH).days
            held |= ~known
            self._forces[rule.starts_on, rule.ends_on] = None if held.all() else held
        return self._forces[rule.starts_on, rule.ends_on]

    def hits(self, parts: Sequence[Part]) -> Iterator[Places]:
        """The rows each part hits, alone of their company."""
        wanted = [(*conjuncts(part.rule.where), *conjuncts(part.hit)) for part in parts]
        for part, at in zip(parts, self.met(wanted), strict=True):
            places = np.arange(len(self)) if at is None else at
            if len(places) and (held := self.in_force(part.rule)) is not None:
                places = places[held[places]]
            yield places

    # ---- keys ------------------------------------------------------------------------------------------------------

    def keys(self, nodes: Sequence[Node], at: Places) -> Places:
        """One number for each combination of the values on these rows; −1 where one is empty. The claim's number is itself."""
        whole = len(at) == len(self)
        return combined([(numbers if whole else numbers[at], count) for numbers, count in map(self._key, nodes)])[0]

    def _key(self, node: Node) -> tuple[Places, int]:
        if node not in self._keys:
            self._keys[node] = self._found_key(node)
        return self._keys[node]

    def _found_key(self, node: Node) -> tuple[Places, int]:
        if node == Name("claim_id"):
            return self.claim, len(self.claims.frame)
        return self.values(node)

    def values(self, node: Node) -> tuple[Places, int]:
        """The node's values on every row by number; −1 where it is empty."""
        level = self._level(node)
        if level == "kind":
            number, kinds = self._kinds
            numbers, count = numbered(kinds.series(node))
            return numbers[number], count
        if level == "claim":
            numbers, count = numbered(self.claims.series(node))
            return numbers[self.claim], count
        rows = self.rows(None, [node])
        return numbered(_only(rows.select(self.emitter.expr(node, rows).alias("x")), len(self)))


def asked(parts: Iterable[Part]) -> list[Node]:
    """Every node that parts read."""
    return [node for part in parts for node in (*part.rule.nodes, part.hit, part.won)]
