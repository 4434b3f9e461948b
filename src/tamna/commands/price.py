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

from tamna.commands.streams import BadInput, common_arguments, dump, json_rows, opened, report, written


def arguments(parser: argparse.ArgumentParser) -> None:
    common_arguments(parser, explain=True)


def answer(raw: Any, row: int, *, explain: bool) -> dict[str, Any]:
    """Price one encounter. Raises BadInput naming the field."""
    from tamna.engines.tariff import FeeMaster, UnknownCode, bucket_amounts, price_line
    from tamna.engines.tariff.bill import BillLine

    if not isinstance(raw, dict) or not isinstance(raw.get("lines"), list):
        raise BadInput("not_an_object", "an encounter is a JSON object with lines", row=row, field="lines")
    master = FeeMaster.developer()
    on = _day(raw.get("date"), row, "date")
    patient = raw.get("patient") or {}
    birth_on = _day(patient["birth_date"], row, "patient.birth_date") if patient.get("birth_date") else None
    institution = (raw.get("institution") or {}).get("type", "general")
    lines = []
    for index, line in enumerate(raw["lines"]):
        where = f"lines[{index}]"
        try:
            at = (
                datetime.fromisoformat(line["service_at"]) if line.get("service_at") else datetime.combine(on, time(10))
            )
            quantity = Decimal(str(line.get("quantity", 1)))
            if quantity <= 0:
                raise BadInput("not_positive", "the quantity must be above zero", row=row, field=f"{where}.quantity")
            item = master.at(str(line["code"]), at.date())
        except UnknownCode as unknown:
            raise BadInput(
                "unknown_code", str(unknown), row=row, field=f"{where}.code", hint="import the fee master"
            ) from unknown
        except (KeyError, ValueError, TypeError, AttributeError, InvalidOperation) as error:
            raise BadInput("bad_line", f"the line cannot be read: {error}", row=row, field=where) from error
        explained = price_line(
            item, quantity=quantity, days=int(line.get("days", 1)), at=at, payer=patient.get("payer", "nhi"),
            institution=institution, birth_on=birth_on,
        )  # fmt: skip
        priced = explained.value
        out = {
            "code": item.code, "name": item.name_ko, "item_class": item.item_class, "item_sub": item.item_sub,
            "benefit": item.benefit, "points": None if item.points is None else str(item.points),
            "factor": next((str(step.inputs["factor"]) for step in explained.steps if "factor" in step.inputs), None),
            "add_ons": str(priced.add_on_rate), "unit_price": priced.unit_won, "quantity": str(quantity),
            "amount": priced.amount_won, "source": "; ".join(fact.source for step in explained.steps for fact in step.facts),
            "mark": item.mark,
        }  # fmt: skip
        if explain:
            out["steps"] = [step.as_json() for step in explained.steps]
        lines.append(
            (out, BillLine(item.code, item.item_class, item.item_sub, item.benefit, priced.amount_won, item.code_kind))
        )
    amounts = asdict(bucket_amounts(line for _, line in lines))
    amounts["selective"] = [{"rate": rate, "amount": amount} for rate, amount in amounts["selective"]]
    return {
        "id": raw.get("id", ""), "master": master.name, "lines": [out for out, _ in lines],
        "total": sum(out["amount"] for out, _ in lines), "amounts": amounts,
    }  # fmt: skip


def _day(value: Any, row: int, field: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadInput("bad_date", f"{field} must be a date such as 2026-04-06", row=row, field=field) from error


def run(args: argparse.Namespace) -> int:
    refused = answered = 0
    with opened(args.file) as text, written(args.out) as out:
        for row, raw in json_rows(text):
            try:
                if isinstance(raw, BadInput):
                    raise raw
                dump(answer(raw, row, explain=args.explain), out)
                answered += 1
            except BadInput as bad:
                report(bad)
                refused += 1
                if args.strict:
                    return 2
    return (3 if answered else 2) if refused else 0
