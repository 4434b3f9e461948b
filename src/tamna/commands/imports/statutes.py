"""`tamna import statutes DIR`: names, numbers, titles and dates of the articles of statutes in Markdown; no text is kept.

DIR has a folder for each act with 법률.md, 시행령.md, 시행규칙.md (front matter 제목, 공포일자, 시행일자; headings `##### 제1조 (목적)`).
Writes the index to --out DIR (default: statutes in TAMNA_HOME) as statutes.csv and articles.csv, and prints what differs from the
index that comes with the package. Of two texts of one name the later in force is kept.

example: tamna import statutes laws/
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamna.commands.streams import BadInput, report

if TYPE_CHECKING:
    from tamna.engines.statutes import Article, Index, Law

LARGEST = 32 << 20


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of acts")
    parser.add_argument("--out", metavar="DIR", type=Path, help="where the index is written (default: TAMNA_HOME)")
    parser.add_argument("--strict", action="store_true", help="stop at the first file that cannot be read")


def run(args: argparse.Namespace) -> int:
    from tamna.core.home import home
    from tamna.engines.statutes import Index

    if not args.folder.is_dir():
        raise BadInput(
            "no_such_folder", f"{args.folder} is not a folder", field="DIR", hint="give the folder of the acts"
        )
    laws: dict[str, tuple[Law, list[Article]]] = {}
    refused = 0
    for path in sorted(args.folder.glob("*/*.md")):
        try:
            law, articles = _read(path)
        except BadInput as bad:
            if args.strict:
                raise
            report(bad)
            refused += 1
            continue
        if law.name not in laws or law.in_force_on > laws[law.name][0].in_force_on:
            laws[law.name] = law, articles
    if not laws:
        raise BadInput(
            "empty", "there is no statute in the folder", field="DIR", hint="a folder for each act, with .md files"
        )
    place = args.out or home() / "statutes"
    place.mkdir(parents=True, exist_ok=True)
    found = Index.of((law for law, _ in laws.values()), (each for _, own in laws.values() for each in own))
    _write(place, found)
    json.dump(
        {"laws": len(found.laws), "articles": len(found.articles), "refused": refused, **_differences(found)},
        sys.stdout,
        ensure_ascii=False,
    )
    sys.stdout.write("\n")
    return 3 if refused else 0


def _read(path: Path) -> "tuple[Law, list[Article]]":
    from tamna.engines.errors import InputError
    from tamna.engines.statutes import read_statute

    name = f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput("too_large", f"{name} is over 32 MiB", field=name)
        return read_statute(path.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadInput(
            "not_utf8", f"{name}: byte {error.start} is not UTF-8", field=name, hint="save the file as UTF-8"
        ) from error
    except InputError as error:
        raise BadInput(error.code, error.message, field=name, hint="the file is left out") from error


def _write(place: Path, index: "Index") -> None:
    tables = {
        "statutes.csv": (("law", "promulgated_on", "in_force_on"), [(law.name, law.promulgated_on, law.in_force_on) for law in index.laws.values()]),
        "articles.csv": (("law", "article", "title", "since", "until"),
                         [(each.law, each.number, each.title, each.since or "", each.until or "") for each in index.articles.values()]),
    }  # fmt: skip
    for name, (head, rows) in tables.items():
        part = place / f"{name}.part"
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(head)
            writer.writerows(rows)
        part.replace(place / name)


def _differences(index: "Index") -> dict[str, Any]:
    """What the shipped index says otherwise: articles that came, went or are called differently, of the laws in both."""
    from tamna.engines.statutes import shipped

    known = shipped()
    common = set(known.laws) & set(index.laws)
    old = {key: each for key, each in known.articles.items() if key[0] in common}
    new = {key: each for key, each in index.articles.items() if key[0] in common}

    def named(keys: Iterable[tuple[str, str]]) -> list[str]:
        return [f"{law} {number}" for law, number in sorted(keys)][:100]

    return {
        "new_laws": sorted(set(index.laws) - set(known.laws)), "added": named(set(new) - set(old)), "gone": named(set(old) - set(new)),
        "retitled": named(key for key in set(old) & set(new) if old[key].title != new[key].title),
        "repealed": named(key for key in set(old) & set(new) if new[key].until and not old[key].until),
    }  # fmt: skip
