"""Price the lines of an encounter (수가 산정): points, factor, add-ons, unit price, amount, source.

Input: JSON object or JSON lines {id, date, institution:{type}, patient:{birth_date, payer}, lines:[{code, quantity, days,
service_at}]}. Output: JSON lines {id, lines:[…], total, amounts}. Prices of the developer master are simulated.

Example:
  echo '{"id":"P1","date":"2026-04-06","institution":{"type":"general"},"patient":{"birth_date":"1979-09-09","payer":"nhi"},
         "lines":[{"code":"AA156"}]}' | tr -d '\n' | tamna price
"""

import argparse
from dataclasses import asdict
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from tamna.commands.streams import BadInput, common_arguments, dump, json_rows, opened, report, written

SEOUL = ZoneInfo("Asia/Seoul")


def arguments(parser: argparse.ArgumentParser) -> None:
    common_arguments(parser, explain=True)


def answer(raw: Any, row: int, *, explain: bool) -> dict[str, Any]:
    """Price one encounter. Raises ExceptionGroup of BadInput: all that is wrong at once, each naming its field."""
    from tamna.engines.tariff import FeeMaster, bucket_amounts
    from tamna.engines.tariff.case import CLASSES, PAYERS

    if not isinstance(raw, dict) or not isinstance(raw.get("lines"), list):
        raise ExceptionGroup(
            "encounter", [BadInput("not_an_object", "an encounter is a JSON object with lines", row=row, field="lines")]
        )
    reader = _Reader(row)
    patient, institution = reader.section(raw, "patient"), reader.section(raw, "institution")
    on = reader.day(raw.get("date"), "date")
    birth_on = (
        reader.day(patient["birth_date"], "patient.birth_date") if patient.get("birth_date") not in (None, "") else None
    )
    payer = reader.choice(patient.get("payer"), "patient.payer", PAYERS, "nhi")
    kind = reader.choice(institution.get("type"), "institution.type", CLASSES, "general")
    if birth_on and on and birth_on > on:
        reader.bad("born_after_service", "the birth date is after the date of service", "patient.birth_date")
    master = FeeMaster.developer()
    lines = [
        _priced(reader, line, index, on, master, payer, kind, birth_on, explain)
        for index, line in enumerate(raw["lines"])
    ]
    if reader.errors:
        raise ExceptionGroup("encounter", reader.errors)
    kept = [line for line in lines if line is not None]
    amounts = asdict(bucket_amounts(line for _, line in kept))
    amounts["selective"] = [{"rate": rate, "amount": amount} for rate, amount in amounts["selective"]]
    return {
        "id": "" if raw.get("id") is None else str(raw["id"]), "master": master.name, "lines": [out for out, _ in kept],
        "total": sum(out["amount"] for out, _ in kept), "amounts": amounts,
    }  # fmt: skip


def _priced(
    reader: "_Reader", line: Any, index: int, on: date | None, master: Any, payer: str, institution: str, birth_on: date | None, explain: bool
) -> tuple[dict[str, Any], Any] | None:  # fmt: skip
    """One line: what is answered, and what the bill needs of it; None where it was refused."""
    from tamna.engines.tariff import UnknownCode, price_line
    from tamna.engines.tariff.bill import BillLine
    from tamna.params import NoFact

    where = f"lines[{index}]"
    if not isinstance(line, dict) or not isinstance(line.get("code"), (str, int)) or isinstance(line.get("code"), bool):
        reader.bad("bad_line", "a line is an object with a code", f"{where}.code")
        return None
    at = reader.moment(line.get("service_at"), on, f"{where}.service_at")
    quantity = reader.number(line.get("quantity", 1), f"{where}.quantity")
    days = reader.days(line.get("days", 1), f"{where}.days")
    if at is None or quantity is None or days is None:
        return None
    if birth_on and birth_on > at.date():
        reader.bad("born_after_service", "the service was before the birth", f"{where}.service_at")
        return None
    try:
        item = master.at(str(line["code"]).strip().upper(), at.date())
        explained = price_line(
            item, quantity=quantity, days=days, at=at, payer=payer, institution=institution, birth_on=birth_on
        )
    except UnknownCode as unknown:
        reader.bad("unknown_code", str(unknown), f"{where}.code", hint="import the fee master")
        return None
    except NoFact as gap:
        reader.bad(
            "no_fact",
            f"no figure is known for this day: {gap}",
            f"{where}.service_at",
            hint="import the figures of that year",
        )
        return None
    priced = explained.value
    out = {
        "code": item.code, "name": item.name_ko, "item_class": item.item_class, "item_sub": item.item_sub,
        "benefit": item.benefit, "points": None if item.points is None else str(item.points),
        "factor": next((str(step.inputs["factor"]) for step in explained.steps if "factor" in step.inputs), None),
        "add_ons": str(priced.add_on_rate), "unit_price": priced.unit_won, "quantity": f"{quantity:f}",
        "amount": priced.amount_won, "source": "; ".join(fact.source for step in explained.steps for fact in step.facts),
        "mark": item.mark, "unconfirmed": list(explained.unconfirmed),
    }  # fmt: skip
    if explain:
        out["steps"] = [step.as_json() for step in explained.steps]
    return out, BillLine(item.code, item.item_class, item.item_sub, item.benefit, priced.amount_won, item.code_kind)


class _Reader:
    """Takes fields out of the JSON and collects what is wrong."""

    def __init__(self, row: int) -> None:
        self.row = row
        self.errors: list[BadInput] = []

    def bad(self, code: str, message: str, field: str, hint: str = "") -> None:
        self.errors.append(BadInput(code, message, row=self.row, field=field, hint=hint))

    def section(self, raw: dict[str, Any], name: str) -> dict[str, Any]:
        value = raw.get(name)
        if value is None or isinstance(value, dict):
            return value or {}
        self.bad("not_an_object", f"{name} must be an object", name)
        return {}

    def choice(self, value: Any, field: str, allowed: tuple[str, ...], default: str) -> str:
        if value is None or value == "":
            return default
        if value not in allowed:
            self.bad("unknown_value", f"{value!r} is not known here", field, hint=f"one of {', '.join(allowed)}")
            return default
        return str(value)

    def day(self, value: Any, field: str) -> date | None:
        try:
            if isinstance(value, str) and len(value) == 10:
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.bad("bad_date", f"{field} must be a date such as 2026-04-06", field)
        return None

    def moment(self, value: Any, on: date | None, field: str) -> datetime | None:
        """When a service was given, in Seoul: ten in the morning of the visit's day where it is not said."""
        if value is None or value == "":
            return datetime.combine(on, time(10)) if on else None
        try:
            at = datetime.fromisoformat(value)
            return at.astimezone(SEOUL).replace(tzinfo=None) if at.tzinfo else at
        except (TypeError, ValueError, OverflowError):
            self.bad("bad_date", "service_at must be an instant such as 2026-04-06T10:30", field)
            return None

    def number(self, value: Any, field: str) -> Decimal | None:
        try:
            found = None if isinstance(value, bool) else Decimal(str(value))
        except InvalidOperation:
            found = None
        if found is None or not found.is_finite() or not 0 < found <= 1_000_000:
            self.bad("not_positive", "the quantity must be a number above zero, up to a million", field)
            return None
        return found

    def days(self, value: Any, field: str) -> int | None:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 36_600:
            self.bad("out_of_range", "days must be a whole number from 1", field)
            return None
        return value


def run(args: argparse.Namespace) -> int:
    refused = answered = 0
    with opened(args.file) as text, written(args.out) as out:
        for row, raw in json_rows(text):
            try:
                if isinstance(raw, BadInput):
                    raise raw
                dump(answer(raw, row, explain=args.explain), out)
                answered += 1
                continue
            except BadInput as bad:
                errors = [bad]
            except ExceptionGroup as group:
                errors = [error for error in group.exceptions if isinstance(error, BadInput)]
            refused += 1
            for error in errors:
                report(error)
            if args.strict:
                return 2
    if not answered and not refused:
        raise BadInput("empty", "there is no encounter in the input", hint="give one JSON object a line")
    return (3 if answered else 2) if refused else 0
