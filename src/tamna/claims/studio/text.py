"""A rule as the text of a rule file (규칙 파일): the same form as the shipped files, read by `tamna check --rules FILE`."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import yaml

from tamna.claims.studio import ruleset
from tamna.claims.studio.models import RuleVersion

ORDER = ("id", "group", "title", "message", "from", "to", "source", "mark", "severity", "over", "where", "per", "pair", "hit", "warn_when",
         "won_at_risk", "fix", "advice", "reason", "examples")  # fmt: skip


def written(raw: Mapping[str, Any]) -> str:
    """One rule as YAML, its fields in the order people read them; what is empty is left out."""
    kept = {name: raw[name] for name in ORDER if raw.get(name) not in (None, "", [], {})}
    text: str = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None)
    return text


def version_text(raw: Mapping[str, Any]) -> str:
    """A version keeps no dates: a switch says from when."""
    return written({name: value for name, value in raw.items() if name not in ("from", "to")})


def file_of(ids: Iterable[str], known: ruleset.Composed, on: date) -> str:
    """A rule file of these rules as they hold on a day of care (`rules:` and a list), each with its own dates. One query."""
    asked, told = set(ids), []
    texts = dict(RuleVersion.objects.filter(pk__in=set(known.versions.values())).values_list("pk", "text"))
    for rule in known.rules.rules:
        if rule.id in asked and rule.at(on):
            own = known.versions.get(rule.key)
            raw = dict(ruleset.raw_of(texts[own]) if own else ruleset.shipped_raw()[rule.id])
            raw["from"] = rule.starts_on
            raw.pop("to", None)
            if rule.ends_on:
                raw["to"] = rule.ends_on
            told.append({name: raw[name] for name in ORDER if raw.get(name) not in (None, "", [], {})})
    text: str = yaml.safe_dump({"rules": told}, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None)
    return text
