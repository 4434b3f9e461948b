"""The index of articles (조문 목록): law, number, title, since when, until when."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from tamna.params import table

ARTICLE = re.compile(
    r"제?\s*(\d+)\s*조(?:의\s*(\d+))?((?:\s*제?\s*\d+\s*(?:항|호|목)(?:의\s*\d+)?|\s*[①-⑳]|\s*[가-하]목)*)"
)
BETWEEN = re.compile(r"[\s·ㆍ,및또는와과~및∼\-]*")
SPACE = re.compile(r"[\s·ㆍ]")


class NoStatute(ValueError):
    """A reference that does not hold. `code`: no_such_law, no_such_article, not_yet, repealed."""

    def __init__(self, code: str, law: str, article: str = "", on: date | None = None) -> None:
        super().__init__(f"{code}: {law} {article}".strip() + (f" ({on.isoformat()})" if on else ""))
        self.code, self.law, self.article, self.on = code, law, article, on


@dataclass(frozen=True)
class Law:
    """A statute as it was read: its name, when this text was promulgated and since when it is in force."""

    name: str
    promulgated_on: date
    in_force_on: date


@dataclass(frozen=True)
class Article:
    """One article (조): `number` is 47 or 47의2; `since` where it was added later, `until` where it was repealed."""

    law: str
    number: str
    title: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Citation:
    """A reference that holds. `part` (paragraphs, items) is repeated, not checked; `is_later_text`: the index is newer than the day."""

    law: Law
    article: Article
    part: str
    is_later_text: bool

    def __str__(self) -> str:
        number, _, branch = self.article.number.partition("의")
        title = f"({self.article.title})" if self.article.title else ""
        return f"{self.law.name} 제{number}조{'의' + branch if branch else ''}{self.part}{title}"


@dataclass(frozen=True)
class Index:
    laws: Mapping[str, Law]
    articles: Mapping[tuple[str, str], Article]

    @classmethod
    def of(cls, laws: Iterable[Law], articles: Iterable[Article]) -> "Index":
        return cls({law.name: law for law in laws}, {(each.law, each.number): each for each in articles})

    @cached_property
    def _names(self) -> dict[str, str]:
        return {SPACE.sub("", name): name for name in self.laws}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Any name of the index, longest first, whatever blanks and dots stand in it."""
        names = sorted(self._names, key=len, reverse=True)
        return re.compile(
            "(?<![가-힣])(?:" + "|".join(r"[\s·ㆍ]*".join(map(re.escape, name)) for name in names) + r")[」』]?"
        )

    def cite(self, law: str, article: str, on: date) -> Citation:
        """The reference, if it holds on the day. Raises NoStatute."""
        name = self._names.get(SPACE.sub("", law))
        if name is None:
            raise NoStatute("no_such_law", law)
        match = ARTICLE.fullmatch(article.strip()) or ARTICLE.fullmatch(f"{article.strip()}조")
        number = (match.group(1) + (f"의{match.group(2)}" if match.group(2) else "")) if match else article.strip()
        found = self.articles.get((name, number))
        if found is None:
            raise NoStatute("no_such_article", name, article)
        if found.until and on >= found.until:
            raise NoStatute("repealed", name, article, on)
        if found.since and on < found.since:
            raise NoStatute("not_yet", name, article, on)
        part = re.sub(r"\s", "", match.group(3)) if match else ""
        return Citation(self.laws[name], found, part, self.laws[name].in_force_on > on)

    def references(self, text: str) -> Iterator[tuple[str, str]]:
        """Every (law, article) of a text that names a law of the index; further articles after it belong to the same law."""
        for named in self._pattern.finditer(text):
            place = named.end()
            while match := ARTICLE.match(text, BETWEEN.match(text, place).end()):  # type: ignore[union-attr]
                yield self._names[SPACE.sub("", named.group().rstrip("」』"))], match.group().strip()
                place = match.end()


def of_rows(laws: Iterable[Mapping[str, str]], articles: Iterable[Mapping[str, str]]) -> Index:
    """The index of two tables of text: law, promulgated_on, in_force_on; law, article, title, since, until."""
    return Index.of(
        (
            Law(row["law"], date.fromisoformat(row["promulgated_on"]), date.fromisoformat(row["in_force_on"]))
            for row in laws
        ),
        (Article(row["law"], row["article"], row["title"], _day(row["since"]), _day(row["until"])) for row in articles),
    )


@lru_cache(maxsize=1)
def shipped() -> Index:
    """The index that comes with the package."""
    return of_rows(table("law/statutes"), table("law/articles"))


def cite(law: str, article: str, on: date) -> Citation:
    """The reference by the shipped index. Raises NoStatute."""
    return shipped().cite(law, article, on)


def references(text: str) -> list[tuple[str, str]]:
    return list(shipped().references(text))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
