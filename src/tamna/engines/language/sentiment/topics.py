"""What a comment on a hospital speaks of, and how words there lean (고객의 소리 주제): a list that a person can read and mend.

`params/language/topics.yaml`. Blanks and marks are taken out first, so that spacing does not matter. Out: topics in the order of the list.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tamna.engines.language.sentiment.grams import LONGEST, cleaned
from tamna.params import load_raw

MARKS = re.compile(r"[^0-9a-z가-힣ㄱ-ㅎㅏ-ㅣ]+")
LEAN = 1.6  # of the logit for each word; what films teach is about as sure
MOST = 3.0


@dataclass(frozen=True)
class Topic:
    """One topic with its titles by language."""

    key: str
    title: dict[str, str]
    any: re.Pattern[str]
    besides: re.Pattern[str] | None


@dataclass(frozen=True)
class Words:
    """The list, ready to be looked up."""

    topics: tuple[Topic, ...]
    hospital: re.Pattern[str]
    good: re.Pattern[str]
    bad: re.Pattern[str]
    turned: re.Pattern[str]
    turned_back: re.Pattern[str]


@lru_cache(maxsize=1)
def words() -> Words:
    raw = load_raw("language/topics")
    topics = tuple(
        Topic(key, dict(each["title"]), _any(each["any"]), _any(each["not"]) if each["not"] else None)
        for key, each in raw["topics"].items()
    )
    lean = raw["polarity"]
    return Words(
        topics, _any(raw["hospital"]), *(_any(lean[side]) for side in ("good", "bad", "turned", "turned_back"))
    )


def topics(text: str) -> list[str]:
    """Keys of the topics that a comment speaks of."""
    said = _plain(text)
    return [topic.key for topic in words().topics if topic.any.search(topic.besides.sub(" ", said) if topic.besides else said)]  # fmt: skip


def lean(text: str) -> float:
    """What words of a hospital add to the logit; nothing where the comment names nothing of a hospital."""
    known, said = words(), _plain(text)
    if not known.hospital.search(said):
        return 0.0
    bad = len(known.turned.findall(said))
    said = known.turned.sub(" ", said)
    good = len(known.turned_back.findall(said))
    said = known.turned_back.sub(" ", said)
    bad += len(known.bad.findall(said))
    good += len(known.good.findall(known.bad.sub(" ", said)))
    return max(-MOST, min(MOST, LEAN * (good - bad)))


def _plain(text: str) -> str:
    return MARKS.sub("", cleaned(text[:LONGEST]))


def _any(stems: Any) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(str(stem)) for stem in sorted(stems, key=len, reverse=True)))
