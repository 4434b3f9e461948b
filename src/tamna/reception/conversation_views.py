"""The counter's conversation on screen (창구 대화 화면). What is said travels in the body of a request and is kept nowhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tamna.core.access import needs
from tamna.reception import conversation


@needs("reception.see")
@never_cache
def talk(request: HttpRequest) -> HttpResponse:
    """The two sides, with nothing said yet."""
    return _page(request, _guest(request.GET.get("with", "")))


@require_POST
@needs("reception.see")
@never_cache
def say(request: HttpRequest) -> HttpResponse:
    """One turn: with script it is put under the others, without it stands alone."""
    with_ = _guest(request.POST.get("with", ""))
    turn = None
    if said := request.POST.get("said", "").strip():
        turn = conversation.turn(said, with_=with_, by_guest=request.POST.get("side") == "guest")
    if request.headers.get("HX-Request"):
        return render(request, "reception/_turn.html", {"turn": turn, **_facts(with_)})
    return _page(request, with_, turn)


def _guest(code: str) -> str:
    short = code.split("-")[0]
    return short if short in conversation.LANGUAGES else "en"


def _facts(with_: str) -> dict[str, object]:
    return {"with_": with_, "tag": conversation.TAGS[with_], "moment": conversation.moment(with_)}


def _page(request: HttpRequest, with_: str, turn: conversation.Turn | None = None) -> HttpResponse:
    is_jeju = with_ == "jeju"
    facts = {
        "turn": turn, "languages": conversation.LANGUAGES, "notes": conversation.notes(with_),
        "staff_sentences": conversation.sentences("ko"), "guest_sentences": [] if is_jeju else conversation.sentences(with_),
    }  # fmt: skip
    return render(request, "reception/conversation.html", facts | _facts(with_))
