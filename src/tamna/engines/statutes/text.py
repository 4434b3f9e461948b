"""Reads one statute in Markdown (법령 본문): front matter with 제목, 공포일자, 시행일자; each article a heading `##### 제N조 (제목)`."""

import re
from collections.abc import Iterator
from datetime import date

from tamna.engines.errors import InputError
from tamna.engines.statutes.index import Article, Law

FRONT = re.compile(r"^(제목|공포일자|시행일자): *'?\"?([^'\"\n]+)", re.MULTILINE)
HEADING = re.compile(r"^#{2,6} *제(\d+)조(?:의(\d+))? *(?:\(([^\n]*)\))? *$", re.MULTILINE)
ADDED = re.compile(r"\[본조신설 *(\d{4})\. *(\d{1,2})\. *(\d{1,2})")
REPEALED = re.compile(r"\s*삭제 *<(\d{4})\. *(\d{1,2})\. *(\d{1,2})")
SUPPLEMENT = re.compile(r"^#+ *부칙|^부칙 *<", re.MULTILINE)


def read_statute(text: str) -> tuple[Law, list[Article]]:
    """The law and its articles without their words. Raises InputError where it is not such a text."""
    front = dict(FRONT.findall(text.split("\n---", 1)[0]))
    try:
        law = Law(
            front["제목"].strip(),
            date.fromisoformat(front["공포일자"].strip()),
            date.fromisoformat(front["시행일자"].strip()),
        )
    except (KeyError, ValueError) as error:
        raise InputError(
            "not_a_statute", f"the front matter lacks 제목, 공포일자 or 시행일자 ({error})", "FILE"
        ) from error
    end = SUPPLEMENT.search(text)
    articles = {each.number: each for each in _articles(law.name, text[: end.start() if end else len(text)])}
    return law, list(articles.values())


def _articles(law: str, body: str) -> Iterator[Article]:
    headings = list(HEADING.finditer(body))
    for place, match in enumerate(headings):
        words = body[match.end() : headings[place + 1].start() if place + 1 < len(headings) else len(body)]
        number = match.group(1) + (f"의{match.group(2)}" if match.group(2) else "")
        yield Article(
            law, number, (match.group(3) or "").strip(), _date(ADDED.search(words)), _date(REPEALED.match(words))
        )


def _date(match: re.Match[str] | None) -> date | None:
    return date(*map(int, match.groups())) if match else None
