"""Names of what a rule can ask, in Korean and English (`params/claimcheck/words.csv`): columns, values, tables, window words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.rules import PAIR_NAMES, WINDOW_NAMES
from tamna.params import table

OVER = {
    "claims": {"ko": "명세서", "en": "statement"},
    "lines": {"ko": "진료내역 줄", "en": "line"},
    "diagnoses": {"ko": "상병", "en": "diagnosis"},
    "prescriptions": {"ko": "처방내역 줄", "en": "prescription line"},
    "notes": {"ko": "특정내역", "en": "note"},
    "orders": {"ko": "시행한 오더", "en": "order"},
}


@dataclass(frozen=True)
class Word:
    """A name of the rule language. `values`: value → its names, where it is one of a known list."""

    scope: str
    name: str
    titles: Mapping[str, str]
    type: str
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def title(self, lang: str) -> str:
        return self.titles.get(lang) or self.titles["en"]


@lru_cache(maxsize=1)
def _words() -> dict[tuple[str, str], Word]:
    found = {}
    for row in table("claimcheck/words"):
        values = {}
        for entry in filter(None, (row["values"] or "").split(";")):
            value, _, names = entry.partition("=")
            ko, _, en = names.partition("/")
            values[value] = {"ko": ko, "en": en}
        kind = _type(row["scope"], row["name"])
        found[row["scope"], row["name"]] = Word(
            row["scope"], row["name"], {"ko": row["ko"], "en": row["en"]}, kind, values
        )
    return found


def _type(scope: str, name: str) -> str:
    if scope == "window":
        return WINDOW_NAMES[name]
    if scope == "pair":
        return PAIR_NAMES[name]
    if scope == "derived":
        return (
            "bool"
            if name.startswith("has_") or name == "delivery_present"
            else "text"
            if name.endswith("_code")
            else "int"
        )
    return (schema.CLAIM if scope == "claims" else schema.SCOPES.get(scope, {})).get(name, "any")


def find(scope: str, name: str) -> Word | None:
    """The word for a column as a row of `scope` sees it; its claim's and derived columns too."""
    words = _words()
    for place in (scope, "claims", "derived", "window", "pair", "lines"):
        if found := words.get((place, name)):
            return found
    return None


def table_names() -> list[str]:
    return [name for scope, name in _words() if scope == "table"]


def table_title(name: str, lang: str) -> str:
    found = _words().get(("table", name))
    return found.title(lang) if found else name


def column_title(name: str, lang: str) -> str:
    """A column of a lookup table."""
    found = _words().get(("column", name)) or find("lines", name)
    return found.title(lang) if found else name


def visible(over: str, *, per: bool = False, pair: bool = False) -> Iterator[Word]:
    """Every name that may stand in a rule over such rows, own columns first."""
    words = _words()
    scopes = [
        over,
        *(["claims"] if over != "claims" else []),
        "derived",
        *(["window"] if per else []),
        *(["pair"] if pair else []),
    ]
    seen: set[str] = set()
    for scope in scopes:
        known = schema.CLAIM if scope == "claims" else schema.SCOPES.get(scope, {})
        named = {name: word for (place, name), word in words.items() if place == scope}
        for name in [*named, *(name for name in known if name not in named)]:
            if name not in seen and name != ("claim_id" if scope != "claims" else ""):
                seen.add(name)
                own = named.get(name)
                shared = own or find(scope, name) or Word(scope, name, {"ko": name, "en": name}, known.get(name, "any"))
                yield (
                    shared
                    if shared.scope == scope
                    else Word(scope, name, shared.titles, known.get(name, shared.type), shared.values)
                )
