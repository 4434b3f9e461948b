"""Consent forms (동의서): the text of each purpose by version, in four languages, and the hash of what was shown.

Law: 개인정보 보호법 제15조②, 제17조②, 제22조 (each purpose apart). Texts are data: `params/consent/forms.yaml`.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from tamna.params import load_raw

LANGUAGES = {"ko": "한국어", "en": "English", "zh_Hans": "中文", "ja": "日本語"}
TAGS = {"zh_Hans": "zh-Hans"}  # of an HTML `lang`, where it is not the key itself
HEADINGS = {
    "ko": {"why": "목적", "what": "항목", "whom": "받는 곳", "until": "기간", "refuse": "동의하지 않을 권리"},
    "en": {"why": "Purpose", "what": "Items", "whom": "Recipient", "until": "Period", "refuse": "Your right to refuse"},
    "zh_Hans": {"why": "目的", "what": "项目", "whom": "接收方", "until": "期限", "refuse": "拒绝同意的权利"},
    "ja": {"why": "目的", "what": "項目", "whom": "提供先", "until": "期間", "refuse": "同意しない権利"},
}


@dataclass(frozen=True)
class Text:
    """What a person reads in one language."""

    language: str
    title: str
    parts: tuple[tuple[str, str], ...]  # heading, sentence

    @property
    def whole(self) -> str:
        return "\n".join([self.title, *(f"{heading}: {sentence}" for heading, sentence in self.parts)])

    @property
    def digest(self) -> str:
        """sha256 of the text as it was shown."""
        return hashlib.sha256(self.whole.encode()).hexdigest()

    @property
    def tag(self) -> str:
        return TAGS.get(self.language, self.language)


@dataclass(frozen=True)
class Form:
    """One version of a purpose's form."""

    purpose: str
    version: int
    valid_from: date
    law: str
    opt_out: bool
    texts: dict[str, Text]

    def text(self, language: str) -> Text:
        """In this language, else in Korean. A patient's `zh` is simplified Chinese here."""
        return self.texts.get("zh_Hans" if language.startswith("zh") else language[:2], self.texts["ko"])


@lru_cache(maxsize=1)
def _all() -> dict[str, tuple[Form, ...]]:
    return {
        purpose: tuple(
            Form(purpose, row["version"], row["from"], said["law"], said["opt_out"],
                 {lang: Text(lang, text["title"], tuple((HEADINGS[lang][key], text[key]) for key in HEADINGS[lang]))
                  for lang, text in row["texts"].items()})
            for row in said["versions"]
        )
        for purpose, said in load_raw("consent/forms").items()
    }  # fmt: skip


def purposes() -> tuple[str, ...]:
    return tuple(_all())


def form_of(purpose: str, on: date) -> Form:
    """The version in use on a day; before the first one's day, the first. KeyError for an unknown purpose."""
    versions = _all()[purpose]
    return next((form for form in reversed(versions) if form.valid_from <= on), versions[0])


def version_of(purpose: str, version: int) -> Form:
    """The version that somebody once signed."""
    return next(form for form in _all()[purpose] if form.version == version)
