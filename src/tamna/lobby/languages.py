"""The language of what patients touch (환자 화면의 언어): chosen by them, kept for their session only, apart from staff's.

Everything under `PATH` asks here. The cookie is bound to that path and goes when the browser closes; a kiosk keeps none at all.
"""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation

PATH = "/lobby/"
COOKIE = "tamna_patient_language"
LANGUAGES = {"ko": "한국어", "en": "English", "zh-hans": "中文", "ja": "日本語"}  # code → its name in itself
TAGS = {"ko": "ko", "en": "en", "zh-hans": "zh-Hans", "ja": "ja"}  # as HTML and speech name them


def known(code: str) -> str:
    """The language meant by a code of a record or a browser (`zh`, `zh-CN`, `ja-JP`); Korean where there is none."""
    short = code.lower().split("-")[0]
    return "zh-hans" if short == "zh" else short if short in LANGUAGES else settings.LANGUAGE_CODE


def chosen(request: HttpRequest) -> str:
    """The choice of this session, else the browser's first wish, else Korean."""
    if COOKIE in request.COOKIES:
        return known(request.COOKIES[COOKIE])
    return known(request.headers.get("Accept-Language", "").split(",")[0].split(";")[0])


def keep(response: HttpResponseBase, code: str) -> None:
    """Keep a choice until the browser closes, for patients' pages only."""
    response.set_cookie(COOKIE, known(code), path=PATH, httponly=True, samesite="Lax", secure=settings.BEHIND_TLS)


def active() -> str:
    """The language in use now."""
    return known(translation.get_language() or "")


def tag(code: str = "") -> str:
    """How HTML and speech name a language; the one in use where none is given."""
    return TAGS[code or active()]
