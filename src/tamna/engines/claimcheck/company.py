"""What a row can tell before its company is looked at: so that windows and pairs are made only where something can be found.

Shared by the check of one claim and that of whole tables; leaving these rows out changes no finding.
"""

from tamna.engines.claimcheck.rules import PAIR_NAMES, WINDOW_NAMES, Rule
from tamna.engines.claimcheck.syntax import (
    OVER_MEMBERS,
    WITHIN,
    Arithmetic,
    Call,
    Compare,
    Listed,
    Literal,
    Logic,
    Name,
    Node,
    children,
    walk,
    with_children,
)

# What a window says of a row that stands alone in it.
SINGLE: dict[str, Node] = {
    "nth": Literal(1),
    "rows": Literal(1),
    "codes": Call(
        "coalesce",
        (Arithmetic("+", Arithmetic("*", Call("length", (Name("code"),)), Literal(0)), Literal(1)), Literal(0)),
    ),
    "total": Call("coalesce", (Name("quantity"), Literal(0.0))),
    "kept_code": Name("code"),
    "days_since": Literal(None),
}


def conjuncts(node: Node | None) -> tuple[Node, ...]:
    """What must be true each for the whole to be true."""
    if node is None:
        return ()
    if isinstance(node, Logic) and node.operator == "and":
        return tuple(one for part in node.parts for one in conjuncts(part))
    return (node,)


def by_itself(node: Node) -> Node | None:
    """The condition as it is for the only row of a window; None: not known so simply."""
    match node:
        case Name(name) if name in WINDOW_NAMES:
            return SINGLE.get(name)
        case Name() | Literal() | Listed():
            return node
        case Call(function, _) if function in WITHIN | OVER_MEMBERS:
            return None
    parts = [by_itself(child) for child in children(node)]
    if None in parts:
        return None
    return with_children(node, [part for part in parts if part is not None])


def lone(rule: Rule) -> Node:
    """What a row must meet to be found when no other stands in its window; false where one row is never enough."""
    met = []
    for node in conjuncts(rule.hit):
        if _needs_more(node):
            return Literal(False)
        if (known := by_itself(node)) is not None:
            met.append(known)
    return Logic("and", (Literal(True), *met))


def _needs_more(node: Node) -> bool:
    """Whether a comparison never holds for the only row of a window, of which every count is 1 at most."""
    if not isinstance(node, Compare):
        return False
    left, right = node.left, node.right
    name = left.name if isinstance(left, Name) else left.function if isinstance(left, Call) else ""
    if name in {"robust_z", "days_since"}:  # not known of one row
        return True
    if name not in {"nth", "rows", "codes", "rows_within", "nth_distinct"} or not isinstance(right, Literal):
        return False
    return isinstance(right.value, int) and (
        (node.operator == ">" and right.value >= 1) or (node.operator == ">=" and right.value > 1)
    )


def able(rule: Rule) -> tuple[Node, Node]:
    """Of a pair: what a line must meet to be the one that is found, and to be the other beside it."""
    hit = conjuncts(rule.hit)
    mine = [node for node in hit if is_alone(node)]
    beside = [as_mine(node) for node in hit if is_of_other(node)]
    return Logic("and", (Literal(True), *mine)), Logic("and", (Literal(True), *beside))


def is_alone(node: Node) -> bool:
    """Whether a row answers it without its company."""
    for below in walk(node):
        if isinstance(below, Name) and (
            below.name in WINDOW_NAMES or below.name in PAIR_NAMES or below.name.startswith(("other.", "pair."))
        ):
            return False
        if isinstance(below, Call) and below.function in WITHIN | OVER_MEMBERS:
            return False
    return True


def is_of_other(node: Node) -> bool:
    """Whether the other line answers it alone, with nothing but columns of its own."""
    names = [below.name for below in walk(node) if isinstance(below, Name)]
    more = [below for below in walk(node) if isinstance(below, (Call, Listed))]
    return bool(names) and not more and all(name.startswith("other.") for name in names)


def as_mine(node: Node) -> Node:
    """The same condition said of this line."""
    if isinstance(node, Name):
        return Name(node.name.removeprefix("other."))
    return with_children(node, [as_mine(child) for child in children(node)])
