"""Named changes between a claim's columns and a layout's fields (`make` of a field), each with its way back.

Source: nhi-claims.md B.1, B.2: the dot of KCD is left out; selective, full-self and veterans' lines leave their clinical
section; the single dose is written for drugs only, other lines write how often a day.
"""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tamna.engines.claimfile.layout import Layout

Row = Mapping[str, Any]
DOSED = frozenset({"drug", "prepared"})


def decimal(value: Any) -> Decimal:
    """A number exactly as it is written (0.1 is one tenth)."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _kcd(row: Row, claim: Row, layout: Layout) -> Any:
    code = row.get("code")
    return code.replace(".", "") if isinstance(code, str) else code


def _move(row: Row, claim: Row, layout: Layout) -> str | None:
    """The section a line moves to, or none."""
    for move in layout.moves:
        if all(
            (claim if name == "insurer_kind" else row).get(name) == value
            for name, value in move.items()
            if name != "section"
        ):
            return str(move["section"])
    return None


def _section(row: Row, claim: Row, layout: Layout) -> Any:
    return _move(row, claim, layout) or row.get("item_class")


def _sub_section(row: Row, claim: Row, layout: Layout) -> Any:
    if _move(row, claim, layout):
        return layout.moved_sub.get(str(row.get("code_kind")), row.get("item_sub"))
    return row.get("item_sub")


def _times(row: Row, claim: Row, layout: Layout) -> Any:
    times, dose = row.get("times_per_day"), row.get("dose")
    if row.get("code_kind") in DOSED or times is None or dose is None:
        return times
    return decimal(times) * decimal(dose)


def _dose(row: Row, claim: Row, layout: Layout) -> Any:
    return row.get("dose") if row.get("code_kind") in DOSED else None


WRITTEN: dict[str, Callable[[Row, Row, Layout], Any]] = {
    "kcd": _kcd, "section": _section, "sub_section": _sub_section, "times": _times, "dose": _dose,
}  # fmt: skip


def as_read(row: dict[str, Any], makes: frozenset[str], layout: Layout) -> dict[str, Any]:
    """A row that was read, with what its changes took away put back as far as the text tells it."""
    if "kcd" in makes and len(code := row.get("code") or "") > 3:
        row["code"] = f"{code[:3]}.{code[3:]}"
    if "section" in makes:
        move = next((move for move in layout.moves if move["section"] == row.get("item_class")), None)
        row["copay_kind"] = move["copay_kind"] if move else "partial"
        row["selective_rate"] = move.get("selective_rate") if move else None
    if "dose" in makes and row.get("dose") is None and row.get("code_kind") not in DOSED:
        row["dose"] = 1
    if "times" in makes and all(row.get(name) is not None for name in ("dose", "times_per_day", "days")):
        whole = decimal(row["dose"]) * decimal(row["times_per_day"]) * decimal(row["days"])
        row["quantity"] = number(whole.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP))
    return row


def number(value: Decimal) -> int | float:
    """A JSON number: whole where it is whole."""
    return int(value) if value == value.to_integral_value() else float(value)
