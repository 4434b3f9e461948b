"""Which stored claims a rule can find at all, asked of the database before they are read (대상 좁히기).

Of the conditions that must all hold, those on stored columns become SQL; a claim that fails one of them cannot be found, and stands
in no window of the rule. Nothing is decided here: what is left is judged by the engine.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connection

from tamna.engines.claimcheck import Rule
from tamna.engines.claimcheck.syntax import Call, Compare, Literal, Logic, Name, Node, Test

# columns that hold exactly what the rules read
LINE = {name: f'l.{name} COLLATE "C"' for name in ("code", "item_class", "item_sub", "code_kind")}
LINE |= {
    "amount": "l.amount_won",
    "unit_price": "l.unit_won",
    "days": "l.days",
    "quantity": "l.quantity::float8",
    "dose": "l.dose::float8",
}
CLAIM = {
    "setting": 'c.setting COLLATE "C"',
    "insurer_kind": 'c.insurer_kind COLLATE "C"',
    "department": 'd.code COLLATE "C"',
}
CLAIM |= {
    "total_amount": "c.total_won",
    "patient_share": "c.patient_won",
    "insurer_share": "c.insurer_won",
    "first_visit_on": "c.first_visit_on",
}
Condition = tuple[str, list[Any]]


def candidates(rule: Rule) -> set[int] | None:
    """Keys of the claims that may be found; None where nothing is known beforehand. One query."""
    if rule.over not in ("lines", "claims"):
        return None
    tops = [rule.where] if rule.per else [rule.where, rule.hit]  # a window's members all meet `where`, not `hit`
    conditions = [told for top in tops if top is not None for told in _conditions(top, rule.over)]
    if not conditions:
        return None
    lines = "JOIN claims_claimline l ON l.claim_id = c.id" if rule.over == "lines" else ""
    query = f"""SELECT DISTINCT c.id FROM claims_claim c JOIN core_department d ON d.id = c.department_id {lines}
        WHERE {" AND ".join(sql for sql, _ in conditions)}"""  # noqa: S608 - our own columns; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(query, [value for _, values in conditions for value in values])
        return {key for (key,) in cursor.fetchall()}


def _conditions(node: Node, over: str) -> Iterator[Condition]:
    """What must hold for the node to be true, as far as stored columns say it."""
    if isinstance(node, Logic) and node.operator == "and":
        for part in node.parts:
            yield from _conditions(part, over)
    elif told := _condition(node, over):
        yield told


def _condition(node: Node, over: str) -> Condition | None:
    match node:
        case Compare(operator, Name(name), Literal(value)) if value is not None and not isinstance(value, bool):
            column = _column(name, over)
            return (f"{column} {operator} %s", [value]) if column else None
        case Test("in", Name(name), against):
            column = _column(name, over)
            return (
                (f"{column} = ANY(%s)", [list(against)])
                if column and len({type(one) for one in against}) == 1
                else None
            )
        case Test("like", Name(name), (pattern,)) if not set(str(pattern)) & {"_", "\\"}:
            column = _column(name, over)
            return (f"{column} LIKE %s", [pattern]) if column else None
        case Call("code_present", (Literal(code),)):
            return ("EXISTS (SELECT FROM claims_claimline o WHERE o.claim_id = c.id AND o.code = %s)", [code])
        case Logic("or", parts):
            told = [_condition(part, over) for part in parts]
            known = [one for one in told if one]
            if len(known) == len(parts):  # every alternative must be known
                return (f"({' OR '.join(sql for sql, _ in known)})", [value for _, values in known for value in values])
    return None


def _column(name: str, over: str) -> str | None:
    own = LINE if over == "lines" else {}
    return own.get(name) or CLAIM.get(name.removeprefix("claim."))
