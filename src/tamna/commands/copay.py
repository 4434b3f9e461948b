"""Share bills between patient and insurer (본인부담금): every won explained.

Input: one JSON object, or JSON lines (docs/reference/copay.md). Output: JSON lines
{id, patient_share, insurer_share, rule, parts, steps, refund_estimate, unconfirmed}.

Example:
  echo '{"id":"E01","date":"2026-04-06","institution":{"type":"general","area":"dong"},"setting":"outpatient",
         "patient":{"birth_date":"1979-09-09","sex":"F","payer":"nhi"},"amounts":{"covered":61480}}' | tr -d '\n' | tamna copay
"""

import argparse
from typing import Any

from tamna.commands.streams import BadInput, common_arguments, dump, json_rows, opened, report, written
from tamna.engines.errors import InputError


def arguments(parser: argparse.ArgumentParser) -> None:
    common_arguments(parser, explain=True)


def answer(raw: Any, lang: str = "ko") -> dict[str, Any]:
    """One case → one answer, as the contract writes it. Raises ExceptionGroup of InputError."""
    from tamna.engines.labels import label
    from tamna.engines.tariff import copay, parse_case

    explained = copay(parse_case(raw))
    result = explained.value
    out: dict[str, Any] = {
        "id": result.id,
        "patient_share": result.patient_won,
        "insurer_share": result.insurer_won,
        "rule": result.rule_id,
        "parts": [part.as_json() for part in result.parts],
        "steps": [
            {**step.as_json(), "key": step.label, "label": label(step.label, lang),
             "label_ko": label(step.label, "ko"), "label_en": label(step.label, "en"),
             "source": "; ".join(fact.source for fact in step.facts), "mark": "".join(fact.mark for fact in step.facts[:1])}
            for step in explained.steps
        ],
        "unconfirmed": list(explained.unconfirmed),
    }  # fmt: skip
    if result.refund_estimate_won is not None:
        out["refund_estimate"] = result.refund_estimate_won
    return out


def run(args: argparse.Namespace) -> int:
    refused = answered = 0
    with opened(args.file) as text, written(args.out) as out:
        for row, raw in json_rows(text):
            try:
                if isinstance(raw, BadInput):
                    raise raw
                dump(answer(raw, args.lang), out)
                answered += 1
                continue
            except BadInput as bad:
                errors = [bad]
            except ExceptionGroup as group:
                errors = [
                    BadInput(error.code, error.message, row=row, field=error.field, hint=error.hint)
                    for error in group.exceptions
                    if isinstance(error, InputError)
                ]
            refused += 1
            for error in errors:
                report(error)
            if args.strict:
                return 2
    if not answered:
        if not refused:
            raise BadInput("empty", "there is no case in the input", hint="give one JSON object a line")
        return 2
    return 3 if refused else 0
