"""Screens of the rule studio: the rules, one rule, writing, trials, what changed."""

import json
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.claims import effect
from tamna.claims.studio import digest, form, ruleset, selectors, services, text, trials
from tamna.claims.studio.lists import (
    CHANGES,
    ENDED,
    GROUPS,
    MARKS,
    RULES,
    SEVERITIES,
    STATES,
    group_name,
    kind_of,
    title_of,
)
from tamna.claims.studio.models import RuleSwitch, RuleTrial, RuleVersion
from tamna.claims.words import reason_name, source_name
from tamna.core import audit, clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.choices import departments
from tamna.core.errors import DomainError
from tamna.core.format import language
from tamna.engines.claimcheck import RuleError, schema, words
from tamna.engines.claimcheck.syntax import FUNCTIONS
from tamna.engines.claimcheck.wording import condition, sentence
from tamna.engines.claimcheck.writing import tried
from tamna.params import table

SHARED = {"source_name": source_name, "group_name": group_name, "states": STATES, "severities": SEVERITIES, "marks": MARKS,
          "reason_name": reason_name, "ended": ENDED}  # fmt: skip
MOST_BYTES = 2_000_000
NEW = {"group": "own", "mark": "K", "severity": "adjust", "over": "lines", "advice": "confirm"}


@needs("claims.see")
def rules(request: HttpRequest) -> HttpResponseBase:
    """Every rule, shipped and own; what waits for a decision first."""
    found = selectors.rows()
    return lists.show(
        request,
        RULES,
        found,
        "claims/rules.html",
        {**SHARED, "total": len(found), "waiting": sum(row.waits for row in found)},
    )


@needs("claims.see")
def changes(request: HttpRequest) -> HttpResponseBase:
    return lists.show(
        request, CHANGES, digest.changes(), "claims/rule_changes.html", {"kind_of": kind_of, "title_of": title_of}
    )


@needs("claims.see")
def rule(request: HttpRequest, rule_id: str) -> HttpResponse:
    """One rule: what it says, on what it stands, what it found, how it came to be."""
    number = request.GET.get("version", "")
    found = selectors.dossier(rule_id, int(number) if number.isdigit() and len(number) < 5 else None)
    if found is None:
        raise Http404
    lang = language()
    shown = found.rule
    parts = [
        (name, node)
        for name, node in (
            ("where", shown.where),
            ("hit", shown.hit),
            ("warn_when", shown.warn_when),
            ("won_at_risk", shown.won_at_risk),
        )
        if node
    ]
    return render(request, "claims/rule.html", {
        **SHARED, "found": found, "rule": shown, "sentence": sentence(shown, lang), "labels": form.LABELS, "overs": words.OVER,
        "parts": [(name, found.raw.get(name), condition(node, shown.over, lang)) for name, node in parts],
        "table_title": lambda name: words.table_title(name, lang), "column_title": lambda name: words.column_title(name, lang),
        "examples": tried(shown, ruleset.shipped()), "raw_examples": [form.as_text({key: value for key, value in one.items() if key not in ("name", "hits")}) for one in found.raw.get("examples", ())],
        "recent": list(selectors.recent_hits(rule_id)[:8]), "effect": effect.of_rule(shown, selectors.first_day(found)), "today": clock.today(), "me": request.user.pk,
        "shipped_too": rule_id in ruleset.shipped().by_id,
    })  # fmt: skip


@needs("claims.rules")
def write(request: HttpRequest) -> HttpResponse:
    """The form of a new rule, or of the next version of one (`?rule=`), or of a copy (`?like=`)."""
    if request.method == "POST":
        return _save(request)
    rule_id = request.GET.get("rule") or request.GET.get("like") or ""
    raw: dict[str, Any] = dict(NEW)
    if rule_id:
        found = selectors.dossier(rule_id)
        if found is None:
            raise Http404
        raw = dict(found.raw)
        if "like" in request.GET:
            raw["id"] = ""
    return _form(request, form.values(raw), rule_id if "rule" in request.GET else "")


def _form(
    request: HttpRequest, values: dict[str, str], rule_id: str, *, error: str = "", status: int = 200
) -> HttpResponse:
    lang = language()
    advices = [(key, _(text)) for key, text in form.ADVICE.items()]
    advices += (
        [(values["advice"], values["advice"])] if values.get("advice") and values["advice"] not in form.ADVICE else []
    )
    fields = {over: list(words.visible(over, per=True, pair=True)) for over in schema.SCOPES}
    return render(request, "claims/rule_form.html", {
        **SHARED, "values": values, "rule_id": rule_id, "error": error, "draft": form.draft(_plain(values)) if values.get("hit") else None,
        "groups": [(key, group_name(key)) for key in GROUPS], "overs": [(key, names[lang]) for key, names in words.OVER.items()],
        "fields": fields, "departments": list(departments()), "labels": form.LABELS, "advices": advices,
        "tables": [(name, words.table_title(name, lang)) for name in words.table_names()], "functions": sorted(FUNCTIONS),
        "pairs": [(name, words.table_title(name, lang)) for name in ("exclusive_pairs", "dur_pairs", "included_items")],
        "reasons": [(row["code"], f"{row['code']} {reason_name(row['code'])}") for row in table("claimcheck/reason_codes")],
        "facts": json.dumps({word.name: {"type": word.type, "values": {key: names[lang] for key, names in word.values.items()}}
                             for found in fields.values() for word in found}, ensure_ascii=False).replace("<", "\\u003c"),
        "next_number": services.next_number(rule_id) if rule_id else 1, "lang": lang,
    }, status=status)  # fmt: skip


def _plain(posted: Any) -> dict[str, str]:
    return {name: str(value) for name, value in posted.items()}


def _save(request: HttpRequest) -> HttpResponse:
    posted = _plain(request.POST)
    drafted = form.draft(posted)
    try:
        if drafted.faults:
            raise DomainError("claims.rule_faulty", count=len(drafted.faults))
        version = services.write(raw=drafted.raw, note=posted.get("note", ""), by=Actor.of(request))
    except DomainError as refused:
        return _form(request, {**form.values({}), **posted}, posted.get("rule", ""), error=refused.message, status=422)
    return redirect(f"/claims/rules/{version.rule_id}?version={version.number}")


@require_POST
@needs("claims.rules")
def check(request: HttpRequest) -> HttpResponse:
    """What the form says now: faults with their places, the sentence, the examples. Nothing is kept."""
    return render(request, "claims/_rule_verdict.html", {"draft": form.draft(_plain(request.POST))})


@require_POST
@needs("claims.rules")
def examples(request: HttpRequest) -> HttpResponse:
    """The examples of the form with those the rule itself suggests."""
    return render(request, "claims/_rule_examples.html", {"text": form.with_examples(_plain(request.POST))})


@require_POST
@needs("claims.rules")
def ask(request: HttpRequest, rule_id: str) -> HttpResponse:
    """Ask another person to switch a version on, or to retire the rule."""
    kind, number = request.POST.get("kind", "on"), request.POST.get("version", "")
    version = (
        get_object_or_404(RuleVersion, rule_id=rule_id, number=number) if kind == "on" and number.isdigit() else None
    )
    day = lists.day_of(request.POST.get("from_on", ""))
    if day is None:
        raise DomainError("claims.rule_day")
    if kind not in RuleSwitch.Kind.values:
        raise Http404
    services.ask(
        rule_id=rule_id,
        kind=kind,
        from_on=day,
        reason=request.POST.get("reason", ""),
        by=Actor.of(request),
        version=version,
    )
    return redirect("claims:rule", rule_id=rule_id)


@require_POST
@needs("claims.approve_rules")
def approve(request: HttpRequest, public_id: UUID) -> HttpResponse:
    switch = get_object_or_404(RuleSwitch, public_id=public_id)
    services.approve(switch_id=switch.pk, reason=request.POST.get("reason", ""), by=Actor.of(request))
    return redirect("claims:rule", rule_id=switch.rule_id)


@require_POST
@needs("claims.approve_rules")
def refuse(request: HttpRequest, public_id: UUID) -> HttpResponse:
    switch = get_object_or_404(RuleSwitch, public_id=public_id)
    services.refuse(switch_id=switch.pk, reason=request.POST.get("reason", ""), by=Actor.of(request))
    return redirect("claims:rule", rule_id=switch.rule_id)


@require_POST
@needs("claims.rules")
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    switch = get_object_or_404(RuleSwitch, public_id=public_id)
    services.withdraw(switch_id=switch.pk, by=Actor.of(request))
    return redirect("claims:rule", rule_id=switch.rule_id)


@needs("claims.see")
def file_of_one(request: HttpRequest, rule_id: str) -> HttpResponse:
    """A rule as a file, as it holds today or, while it is a draft, as it was last written."""
    found = selectors.dossier(rule_id)
    if found is None:
        raise Http404
    held = (
        text.file_of([rule_id], ruleset.composed(), clock.today()) if found.state == "on" else text.written(found.raw)
    )
    return _file(request, held, f"{rule_id}.yaml", [rule_id])


@needs("claims.see")
def export(request: HttpRequest) -> HttpResponse:
    """The hospital's own rules in force as one file; `?all=1` with the shipped ones."""
    known = ruleset.composed()
    ids = set(known.rules.by_id) if request.GET.get("all") else {key.partition("#")[0] for key in known.versions}
    return _file(request, text.file_of(ids, known, clock.today()), f"rules-{clock.today():%Y%m%d}.yaml", sorted(ids))


def _file(request: HttpRequest, content: str, name: str, ids: list[str]) -> HttpResponse:
    audit.note(
        "rule.exported",
        by=Actor.of(request),
        subject_type="rule",
        subject_id=ids[0] if len(ids) == 1 else "",
        detail={"rules": len(ids)},
    )
    response = HttpResponse(content, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@needs("claims.rules")
def take_file(request: HttpRequest) -> HttpResponse:
    """Read a rule file; the answer says what became of each rule."""
    given = request.FILES.get("file")
    if given is None or given.size is None or given.size > MOST_BYTES:
        raise DomainError("claims.rule_file")
    taken = services.take_file(
        content=given.read(), note=request.POST.get("note", "") or given.name or "", by=Actor.of(request)
    )
    refused = [(name, [form.tell(fault, {}) for fault in found]) for name, found in taken.refused]
    return render(request, "claims/rules_taken.html", {"taken": taken, "refused": refused})


@require_POST
@needs("claims.rules")
def try_out(request: HttpRequest) -> HttpResponse:
    """Try what the form says, or one or two versions, on the archive."""
    posted = _plain(request.POST)
    by, months = Actor.of(request), request.POST.get("months", "")
    first = trials.recent_first_month(int(months)) if months.isdigit() and 0 < int(months) < 1000 else ""
    if "hit" in posted:
        drafted = form.draft(posted)
        if any(told.fault.where != "examples" for told in drafted.faults):
            return _form(
                request,
                {**form.values({}), **posted},
                posted.get("rule", ""),
                error=DomainError("claims.rule_faulty", count=len(drafted.faults)).message,
                status=422,
            )
        other, other_label = (
            _wording(drafted.raw["id"], posted.get("against", "")) if posted.get("against") else ("", "")
        )
        trial = trials.start(
            text=text.version_text(drafted.raw),
            label="draft",
            other_text=other,
            other_label=other_label,
            first_month=first,
            by=by,
        )
    else:
        one, label = _wording(posted.get("rule", ""), posted.get("version", ""))
        other, other_label = _wording(posted.get("rule", ""), posted["against"]) if posted.get("against") else ("", "")
        trial = trials.start(text=one, label=label, other_text=other, other_label=other_label, first_month=first, by=by)
    return redirect("claims:rule-trial", public_id=trial.public_id)


def _wording(rule_id: str, number: str) -> tuple[str, str]:
    """(text, what it is called) of a version, or of the shipped rule."""
    if number.isdigit():
        return get_object_or_404(RuleVersion, rule_id=rule_id, number=number).text, number
    raw = ruleset.shipped_raw().get(rule_id)
    if raw is None:
        raise Http404
    return text.version_text(raw), "shipped"


@needs("claims.see")
def trial(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What a trial found, live while it runs."""
    row = get_object_or_404(RuleTrial.objects.select_related("asked_by"), public_id=public_id)
    names = {code: name for code, name in departments()}
    try:
        says = [sentence(ruleset.parsed(one), language()) for one in filter(None, (row.text, row.other_text))]
    except RuleError:
        says = []
    return render(request, "claims/rule_trial.html", {
        **SHARED, "trial": row, "a": row.result.get("a"), "b": row.result.get("b"), "compared": row.result.get("compared"), "names": names,
        "is_running": row.state in ("waiting", "running"), "says": says, "claims": _claims_of(row), "mine": row.asked_by_id == request.user.pk,
    })  # fmt: skip


def _claims_of(row: RuleTrial) -> dict[str, UUID]:
    """Addresses of the claims a trial shows as examples. One query."""
    from tamna.claims.models import Claim

    shown = [one for name in ("a", "b") for one in row.result.get(name, {}).get("examples", ())]
    shown += [one for part in (row.result.get("compared") or {}).values() for one in part["examples"]]
    return dict(
        Claim.objects.filter(claim_no__in={one["claim_id"] for one in shown}).values_list("claim_no", "public_id")
    )


@require_POST
@needs("claims.rules")
def stop(request: HttpRequest, public_id: UUID) -> HttpResponse:
    trials.stop(get_object_or_404(RuleTrial, public_id=public_id))
    return redirect("claims:rule-trial", public_id=public_id)
