"""What is foretold here, how well, and from what (예측 현황): a card for each model, with its off switch."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.core import audit, clock
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.tasks import begin
from tamna.reception import arrivals, learning, waits
from tamna.reception.models import Learner, LearntModel
from tamna.reception.tasks import fit_extras

KEYS = (Learner.WAIT, Learner.NOSHOW, Learner.ARRIVALS)


@needs("reception.see")
def models(request: HttpRequest) -> HttpResponse:
    """Three cards; the coming days of arrivals below."""
    on = {row.key: row.is_on for row in Learner.objects.all()}
    newest = learning.newest()
    cards = [_card(key, newest[key], on.get(key, True)) for key in KEYS]
    return render(
        request, "reception/models.html", {"cards": cards, "days": arrivals.coming(), "told": arrivals.yesterday()}
    )


@require_POST
@needs("automations.set_level")
def switch(request: HttpRequest, key: str) -> HttpResponse:
    """Off: the baseline answers from now on. On: the newest model does again."""
    if key not in KEYS:
        raise Http404
    learner = Learner.objects.get_or_create(key=key)[0]
    learner.is_on = not learner.is_on
    learner.save(update_fields=["is_on"])
    audit.note(
        "model.switched",
        by=Actor.of(request),
        subject_type="model",
        subject_id=f"{key}:{'on' if learner.is_on else 'off'}",
    )
    if key == Learner.NOSHOW:  # what was opened for the chances is closed, or opened again
        begin(fit_extras, lock="fit_extras")
    return redirect("reception:models")


def _card(key: str, row: LearntModel | None, is_on: bool) -> dict[str, Any]:
    card: Mapping[str, Any] = row.card if row else {}
    found: dict[str, Any] = {
        "key": key, "is_on": is_on, "row": row, "title": _title(key), "state": _state(row, is_on), "in_use": bool(row and is_on and not row.is_baseline),
        "facts": _facts(key, card, row), "live": None,
    }  # fmt: skip
    if key == Learner.WAIT:
        found["live"] = waits.live_error(clock.today() - timedelta(days=1)) or waits.today_error()
    return found


def _title(key: str) -> str:
    return {Learner.WAIT: _("Waits"), Learner.NOSHOW: _("Missed bookings"), Learner.ARRIVALS: _("Visits a day")}[key]


def _state(row: LearntModel | None, is_on: bool) -> str:
    if not is_on:
        return _("Switched off: the baseline answers")
    if row is None:
        return _("Not learnt yet: the baseline answers")
    if not row.is_baseline:
        return _("Model in use")
    return {
        "too_little_data": _("Too little to learn from: the baseline answers"), "no_trees": _("Trees cannot be loaded: the baseline answers"),
    }.get(str(row.card.get("reason", "")), _("Not better than the baseline, which answers"))  # fmt: skip


def _facts(key: str, card: Mapping[str, Any], row: LearntModel | None) -> list[tuple[str, str]]:
    """What a reader asks first: from when to when, how many, how good beside the baseline on days that it did not know."""
    if row is None:
        return []
    learnt = (
        [(_("Learnt from"), f"{card.get('learnt_from', '')} – {card.get('learnt_through', '')}".strip(" –"))]
        if card.get("learnt_from")
        else []
    )
    rows = card.get("rows", {})
    count = rows.get("learnt_from") or rows.get("moments") or rows.get("rows")
    facts = [*learnt, (_("Rows"), f"{count:,}" if isinstance(count, int) else "")]
    judged = card.get("backtest") or {}
    metrics, naive = judged.get("metrics") or {}, judged.get("naive") or {}
    for name, words in (
        ("mae", _("Mean error on later days")),
        ("coverage80", _("Within the 80 % interval")),
        ("auc", _("Order of chances (AUC)")),
    ):
        if metrics.get(name) is not None:
            shown = f"{metrics[name] * 100:.0f} %" if name == "coverage80" else f"{metrics[name]:.2f}"
            beside = naive.get(name)
            also = "" if beside is None else f"{beside * 100:.0f} %" if name == "coverage80" else f"{beside:.2f}"
            facts.append((words, shown + (" · " + _("baseline %(figure)s") % {"figure": also} if also else "")))
    if card.get("naive_rule"):
        facts.append((_("Baseline"), _baseline(key)))
    return [fact for fact in facts if fact[1]]


def _baseline(key: str) -> str:
    return {
        Learner.WAIT: _("People ahead × pace of the last consultations"), Learner.NOSHOW: _("Shrunk rate of the best single column"),
        Learner.ARRIVALS: _("The same weekday of the week before"),
    }[key]  # fmt: skip
