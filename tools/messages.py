"""Translations: collect message ids per app, keep what is translated, compile; `--check` fails on anything missing.

Each app owns `locale/<language>/LC_MESSAGES/django.po`; source strings are English. Korean is complete everywhere; an app whose
config names more (`languages` in its `apps.py`) is complete in all of them, but for what it tells staff only (`STAFF`). Both
.po and .mo are kept.
"""

import sys
from datetime import UTC, datetime
from importlib import import_module
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.apps import AppConfig

DAY = datetime(2026, 11, 24, tzinfo=UTC)  # fixed: the same strings compile to the same bytes
ROOT = Path(__file__).parent.parent / "src" / "tamna"
Ids = str | tuple[str, str]  # one sentence, or its singular and plural; the languages here have one form for both
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "noop": None, "ngettext": (1, 2)}
STAFF = frozenset(
    {"handlers.py", "automations.py", "providers.py"}
)  # the catalogue's and the search box's words: Korean
APPS = tuple(sorted(path.parent.name for path in ROOT.glob("*/apps.py")))


def languages(app: str) -> tuple[str, ...]:
    """Locales in which an app is complete."""
    configs = vars(import_module(f"tamna.{app}.apps")).values()
    named = (
        getattr(each, "languages", ()) for each in configs if isinstance(each, type) and issubclass(each, AppConfig)
    )
    return next((found for found in named if found), ("ko",))


def file_of(app: str, language: str) -> Path:
    return ROOT / app / "locale" / language / "LC_MESSAGES" / "django.po"


def found(app: str, language: str = "ko") -> dict[Ids, str]:
    """Message id → where it stands first."""
    ids: dict[Ids, str] = {}
    for path in sorted((ROOT / app).rglob("*")):
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract" if path.suffix == ".html" else None
        if method is None or "migrations" in path.parts or (language != "ko" and path.name in STAFF):
            continue
        options = (
            {"extensions": "jinja2.ext.do", "trimmed": "false", "silent": "false"} if path.suffix == ".html" else {}
        )
        with path.open("rb") as file:
            for _, message, _, _ in extract(method, BytesIO(file.read()), keywords=KEYWORDS, options=options):
                parts = tuple(part for part in message if part) if isinstance(message, tuple) else (message,)
                if parts and parts[0]:
                    ids.setdefault(parts[0] if len(parts) == 1 else parts[:2], path.relative_to(ROOT).as_posix())
    return ids


def known(language: str) -> dict[str, str]:
    """Every translation there is into a language, so that one word is translated once."""
    table: dict[str, str] = {}
    for app in APPS:
        path = file_of(app, language)
        if path.exists():
            with path.open("rb") as file:
                for message in read_po(file, locale=language):
                    if message.id and message.string:
                        table[_first(message.id)] = _first(message.string)
    return table


def _first(text: str | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[0]


def collected(ids: dict[Ids, str], table: dict[str, str], language: str, missing: list[str]) -> Catalog:
    """The catalogue of one app in one language; what has no translation is added to `missing`."""
    catalog = Catalog(
        locale=language, domain="django", fuzzy=False, project="Tamna", creation_date=DAY, revision_date=DAY
    )
    for text, where in sorted(ids.items(), key=lambda item: _first(item[0])):
        name = _first(text)
        string = table.get(name, "")
        if not string:
            missing.append(f"{language} {where}: {name}")
        flags = ("python-format",) if "%(" in name or "%%" in name else ()
        catalog.add(
            text,
            string if isinstance(text, str) else (string,) * catalog.num_plurals,
            locations=[(where, 0)],
            flags=flags,
        )
    return catalog


def main(words: list[str]) -> int:
    checking, missing, stale = "--check" in words, [], []
    tables = {language: known(language) for app in APPS for language in languages(app)}
    for app in APPS:
        for language in languages(app):
            path = file_of(app, language)
            catalog = collected(found(app, language), tables[language], language, missing)
            compiled = path.with_suffix(".mo")
            out = BytesIO()
            write_mo(out, catalog)
            if checking:
                if not compiled.exists() or compiled.read_bytes() != out.getvalue():
                    stale.append(f"{app} in {language}")
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                write_po(file, catalog, omit_header=False, sort_output=True, include_lineno=False, width=120)
            compiled.write_bytes(out.getvalue())
    for line in missing:
        print(f"not translated: {line}", file=sys.stderr)
    for app in stale:
        print(f"{app}: run `make messages`, the compiled translations are old", file=sys.stderr)
    return 1 if missing or stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
