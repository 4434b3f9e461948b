"""A form for a typed action: the fields a person may change, made from the pydantic model, read back and checked by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from tamna.core.automations import Action, editable, kind_of


@dataclass(frozen=True)
class FormField:
    """One field: `kind` is text, long, number, check, date or choice."""

    name: str
    label: str
    kind: str
    value: Any
    proposed: Any
    options: tuple[tuple[str, str], ...] = ()
    least: Any = None
    most: Any = None
    error: str = ""


def fields_of(
    action: Action, typed: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None
) -> list[FormField]:
    """The editable fields in the order of the class, filled with the proposed or the typed values."""
    schema, proposed = type(action).model_json_schema()["properties"], action.model_dump(mode="json")
    found = []
    for name, info in type(action).model_fields.items():
        if name not in editable(action):
            continue
        part = schema[name]
        part = next((row for row in part["anyOf"] if row.get("type") != "null"), part) if "anyOf" in part else part
        found.append(
            FormField(
                name=name, label=_(info.title or name), kind=_kind(part), proposed=proposed[name],
                value=(typed or {}).get(name, proposed[name]), options=tuple((str(row), _(str(row))) for row in part.get("enum", ())),
                least=part.get("minimum"), most=part.get("maximum"), error=(errors or {}).get(name, ""),
            )
        )  # fmt: skip
    return found


def labels_of(action: str) -> dict[str, str]:
    """Names of an action's editable fields in the reader's language, by field; empty for an action that is gone."""
    kind = kind_of(action)
    return {name: _(info.title) for name, info in kind.model_fields.items() if info.title} if kind else {}


def _kind(part: dict[str, Any]) -> str:
    if "enum" in part:
        return "choice"
    if part.get("format") == "date":
        return "date"
    if part.get("type") == "string":
        return "long" if part.get("maxLength", 0) > 100 else "text"
    return {"integer": "number", "number": "number", "boolean": "check"}.get(part.get("type", ""), "text")


def read(action: Action, typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """(edited values that differ from the proposed, a sentence for each field that does not fit)."""
    given: dict[str, Any] = {}
    for field in fields_of(action):
        if field.kind == "check":
            given[field.name] = field.name in typed
        elif field.name in typed:
            given[field.name] = (
                typed[field.name].replace(",", "") if field.kind == "number" else typed[field.name].strip()
            )
    try:
        kept = type(action).model_validate({**action.model_dump(mode="json"), **given}).model_dump(mode="json")
    except ValidationError as error:
        names = [str(part["loc"][0]) for part in error.errors(include_input=False, include_url=False) if part["loc"]]
        return {}, dict.fromkeys(names, _("This value does not fit; correct it."))
    proposed = action.model_dump(mode="json")
    return {name: kept[name] for name in given if kept[name] != proposed[name]}, {}
