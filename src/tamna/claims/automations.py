"""Automations of claims: verified fixes, uncertain statements, what was forgotten, the day's batches, what comes back.

What they were worth is told by the agency's answer (`claim.answered`): paid in full is good. Proposals that were left alone
are measured by the same answer, as the baseline.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import Q
from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.billing import services as billing
from tamna.claims import after_sending, risk, selectors, services
from tamna.claims.coding.automations import propose_codes as propose_codes
from tamna.claims.models import Claim, ClaimResponse, Finding, RecordRequest, Remedy
from tamna.claims.remedies import automations as remedies
from tamna.claims.submission import records
from tamna.claims.submission.terms import TERMS, lapses_on
from tamna.core import automations, clock, outbox
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.core.models import Proposal as Made
from tamna.engines.calendar import last_weekday
from tamna.reception.models import Encounter

LARGE_WON = 50_000  # an uncertain statement of this much at risk is looked at before it is sent
OBJECTION_WON = 3_000  # what an objection costs in work; a smaller cut is not worth one [?]
FORGOTTEN_DAYS = 14
RISKY_TIMES = 3  # a chance so many times the usual one [sim]
RISKY_WON = 5_000  # and so much expected to be lost, about what looking costs [sim]
LACKING_WON = 3_000  # expected won from which asking is worth its minutes [sim]
SEND_HOUR = 16  # two hours before the office closes


class FixFinding(Action):
    """Apply a fix that the engine computed and checked again. The finding is named by its place: a new check renumbers it."""

    says: ClassVar[str] = noop("The fix is applied and the whole statement is checked again.")
    claim_id: int
    rule_id: str
    line_no: int | None = None

    def finding(self) -> Finding | None:
        found = Finding.objects.filter(claim_id=self.claim_id, rule_id=self.rule_id, line_no=self.line_no, state="open")
        return found.filter(fix__isnull=False).select_related("claim").first()

    def verify(self) -> str:
        finding = self.finding()
        if finding is None:
            return noop("The finding is gone or was dealt with.")
        return "" if finding.claim.status in services.OPEN else noop("The statement was already sent.")

    def run(self, by: Actor) -> None:
        finding = self.finding()
        if finding is not None:
            services.apply_fix(finding_id=finding.pk, by=by)


@automation(
    "claim.fix", kind="E", team="claims", on="claim.checked", engine="engines.claimcheck.fixes",
    covers=noop("Fixes that the rule engine can compute and check again; free text is not mended."),
)  # fmt: skip
def propose_fixes(event: Event) -> Iterator[Proposal[FixFinding]]:
    """One proposal for each finding that the engine can mend itself; those whose finding went away are closed."""
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    found = list(Finding.objects.filter(claim=claim, state="open", fix__isnull=False))
    keys = {_fix_key(claim, finding) for finding in found}
    earlier = automations.about("claim", claim.public_id, "claim.fix")
    automations.overtake([row for row in earlier if row.key not in keys], noop("Dealt with on the statement itself."))
    for finding in found:
        yield Proposal(
            FixFinding(claim_id=claim.pk, rule_id=finding.rule_id, line_no=finding.line_no),
            key=_fix_key(claim, finding),
            title=noop("Claim %(claim_no)s, rule %(rule)s: %(message)s"),
            facts={"claim_no": claim.claim_no, "rule": finding.rule_id,
                   "message": finding.message_ko, "message_en": finding.message_en},
            evidence=({"label": finding.rule_id, "value": {"ko": finding.message_ko, "en": finding.message_en}, "formula": finding.source},),
            confidence=0.97,
            won=finding.won_at_risk,
            minutes=6,
            pattern=finding.rule_id,
            subject=("claim", str(claim.public_id)),
        )  # fmt: skip


def _fix_key(claim: Claim, finding: Finding) -> str:
    return f"{claim.claim_no}:{finding.rule_id}:{finding.line_no or 0}"


class ReviewFirst(Action):
    """Put a ready statement back on the worklist, so that a person approves it."""

    says: ClassVar[str] = noop("The statement goes back to the worklist and waits for a person's approval.")
    undoable: ClassVar[bool] = True
    claim_id: int
    note: str = Field(default="", title=noop("What to look at"), max_length=200)

    def verify(self) -> str:
        ready = Claim.objects.filter(pk=self.claim_id, status=Claim.Status.APPROVED, batch=None).exists()
        return "" if ready else noop("The statement is no longer waiting to be sent.")

    def run(self, by: Actor) -> None:
        services.hold_for_review(claim_id=self.claim_id, reason=self.note, by=by)

    def undo(self, by: Actor) -> None:
        services.approve(claim_id=self.claim_id, by=by)


@automation(
    "claim.exception", kind="F", team="claims", engine="claims.selectors.denial_share",
    on=("claim.checked", "invoice.issued", "encounter.payer_changed", "encounter.diagnoses_changed"),
    covers=noop("Ready statements with much at risk go to a person, with what became of earlier ones like them; so do sent ones whose visit changed."),
)  # fmt: skip
def propose_reviews(event: Event) -> Iterator[Proposal[Any]]:
    """A statement that is ready although something uncertain was found on it, and much is at stake; a sent one that no longer fits."""
    if event.name != "claim.checked":
        yield from after_sending.propose_changes(event)
        return
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    earlier = automations.about("claim", claim.public_id, "claim.exception")
    if claim.status != Claim.Status.APPROVED:
        automations.overtake(earlier, noop("The statement is on the worklist already."))
        return
    doubts = claim.findings.filter(Q(severity="warn", state="open") | Q(state="accepted"))
    for finding in doubts.filter(won_at_risk__gte=LARGE_WON).order_by("-won_at_risk")[:1]:
        cut, answered, usual = selectors.denial_share(finding.rule_id)
        yield Proposal(
            ReviewFirst(claim_id=claim.pk, note=finding.message_ko[:200]),
            key=f"{claim.claim_no}:{finding.rule_id}",
            title=noop("Look at claim %(claim_no)s before it is sent: %(message)s"),
            facts={"claim_no": claim.claim_no, "message": finding.message_ko, "message_en": finding.message_en},
            evidence=(
                {"label": finding.rule_id, "value": {"ko": finding.message_ko, "en": finding.message_en}, "formula": finding.source},
                {"label": noop("Cut or returned with this rule"), "value": f"{cut} / {answered}", "formula": "claims.selectors.denial_share"},
                {"label": noop("Cut or returned usually"), "value": f"{usual:.1%}", "formula": "claims.selectors.denial_share"},
            ),
            confidence=(cut + 20 * usual) / (answered + 20),
            won=finding.won_at_risk,
            minutes=3,
            pattern=finding.rule_id,
            subject=("claim", str(claim.public_id)),
            due_at=clock.at_seoul(last_weekday(claim.due_on), 17 * 60) if claim.due_on else None,
        )  # fmt: skip


@automation(
    "claim.risk", kind="P", team="claims", on="claim.weighed", engine="claims.risk.chances",
    covers=noop("Ready statements whose learnt chance to come back is high for their won go to a person, with reasons."),
)  # fmt: skip
def propose_risky(event: Event) -> Iterator[Proposal[ReviewFirst]]:
    """A ready statement on which no rule found anything, and which is still much likelier to come back than usual."""
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    model = risk.current()
    earlier = automations.about("claim", claim.public_id, "claim.risk")
    is_risky = (
        risk.is_used(model)
        and model is not None
        and claim.chance is not None
        and claim.chance >= RISKY_TIMES * model.usual
    )
    if claim.status != Claim.Status.APPROVED or not is_risky or claim.worth_won < RISKY_WON:
        automations.overtake(earlier, noop("The statement is on the worklist already, or the chance is a usual one."))
        return
    words = [
        {"label": noop("Learnt reason"), "value": {"ko": row["ko"], "en": row["en"]}, "formula": "claims.risk"}
        for row in claim.chance_reasons
    ]
    yield Proposal(
        ReviewFirst(claim_id=claim.pk),
        key=claim.claim_no,
        title=noop("Look at claim %(claim_no)s before it is sent: %(chance)s likely to come back"),
        facts={"claim_no": claim.claim_no, "chance": f"{claim.chance:.0%}"},
        evidence=(
            {"label": noop("Chance learnt from answers"), "value": f"{claim.chance:.1%}", "formula": "claims.risk.chances"},
            {"label": noop("Cut or returned usually"), "value": f"{model.usual:.1%}", "formula": "claims.RiskModel"},
            *words,
        ),
        confidence=claim.chance,
        won=claim.worth_won,
        minutes=3,
        pattern=claim.department.code,
        subject=("claim", str(claim.public_id)),
        due_at=clock.at_seoul(last_weekday(claim.due_on), 17 * 60) if claim.due_on else None,
    )  # fmt: skip


@automation(
    "claim.over", kind="P", team="claims", on="claim.weighed", engine="engines.risk.outliers",
    covers=noop("Ready statements unlike their peers and past, with the figures; learnt from statements sent, 2 % of them are told."),
)  # fmt: skip
def propose_unusual(event: Event) -> Iterator[Proposal[ReviewFirst]]:
    """A ready statement with a fact that is rarer than nearly all of the past: a person looks whether it is an over-claim."""
    claim = Claim.objects.select_related("department").get(pk=event.payload["claim_id"])
    earlier = automations.about("claim", claim.public_id, "claim.over")
    if claim.status != Claim.Status.APPROVED or not claim.unusual:
        automations.overtake(
            earlier, noop("The statement is on the worklist already, or nothing on it is unusual now.")
        )
        return
    first = claim.unusual[0]
    yield Proposal(
        ReviewFirst(claim_id=claim.pk, note=first["ko"][:200]),
        key=f"{claim.claim_no}:{first['part']}",
        title=noop("Claim %(claim_no)s is unusual: %(message)s"),
        facts={"claim_no": claim.claim_no, "message": first["ko"], "message_en": first["en"]},
        evidence=tuple({"label": noop("Unlike its peers"), "value": {"ko": row["ko"], "en": row["en"]}, "formula": f"p = {row['p']:.5f}"} for row in claim.unusual),
        won=claim.worth_won,
        minutes=3,
        pattern=f"{first['part']}:{claim.department.code}",
        subject=("claim", str(claim.public_id)),
    )  # fmt: skip


class SendReady(Action):
    """Batch every ready statement and send the batches."""

    says: ClassVar[str] = noop("Every ready statement is put into batches and sent to the review agency.")

    def verify(self) -> str:
        return "" if selectors.ready().exists() else noop("Nothing is ready to send.")

    def run(self, by: Actor) -> None:
        from tamna.claims.tasks import submit_batch

        for batch in services.make_batches(by=by):
            submit_batch.defer(batch_id=batch.pk)


class WriteSupplement(Action):
    """Write the supplement of a statement that was not reviewable."""

    says: ClassVar[str] = noop(
        "A supplement that names receipt, serial and reason is drafted and checked; the old claim stays as it is."
    )
    claim_id: int

    def verify(self) -> str:
        lies = Claim.objects.filter(pk=self.claim_id, status=Claim.Status.IMPOSSIBLE).exists()
        return "" if lies else noop("The statement was dealt with.")

    def run(self, by: Actor) -> None:
        services.supplement(claim_id=self.claim_id, by=by)


class SendRecords(Action):
    """Tell the agency that the records it asked for were sent."""

    says: ClassVar[str] = noop("The agency is told that the records were sent; its review goes on.")
    request_id: int
    note: str = Field(default="의무기록 사본 제출", title=noop("What is sent"), max_length=500)

    def verify(self) -> str:
        open_ = RecordRequest.objects.filter(pk=self.request_id, sent_at=None).exists()
        return "" if open_ else noop("The records were sent.")

    def run(self, by: Actor) -> None:
        records.send(request_id=self.request_id, note=self.note, by=by)


@automation(
    "claim.submit", kind="F", team="claims", on=("business.hour", "claim.answered", "records.requested"), engine="engines.claimfile",
    covers=noop("Complete claims in the official record layout (our own edition; the ministry's table is imported), batches, receipts, answers, records asked for, supplements and additions; outside prescriptions are not kept yet."),
)  # fmt: skip
def propose_submission(event: Event) -> Iterator[Proposal[Action]]:
    """The day's sending at 16:00; the supplement of what was not reviewable; records that were asked for."""
    if event.name == "business.hour":
        yield from _the_days_sending(event)
    elif event.name == "records.requested":
        yield from _asked_records(event)
    elif event.payload["status"] == "impossible":
        yield from _supplement(event)


def _the_days_sending(event: Event) -> Iterator[Proposal[Action]]:
    """Send what is ready, before the office closes. An earlier one that still waits is held by this."""
    if event.payload["hour"] != SEND_HOUR:
        return
    won = list(selectors.ready().values_list("insurer_won", flat=True))
    if won:
        key, due = f"send:{event.payload['date']}", clock.close_of_work(event.occurred_at)
        waiting = Made.objects.filter(automation="claim.submit", action="SendReady", state="open").exclude(key=key)
        automations.overtake(waiting, noop("Today's sending holds these statements too."))
        yield Proposal(
            SendReady(),
            key=key,
            title=noop("%(count)s claims are ready to send"),
            facts={"count": len(won)},
            won=sum(won),
            minutes=30,
            due_at=due,
            expires_at=clock.close_of_work(due),
        )


def _supplement(event: Event) -> Iterator[Proposal[Action]]:
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    if claim.status != Claim.Status.IMPOSSIBLE:
        return
    response = ClaimResponse.objects.get(pk=event.payload["response_id"])
    lies = TERMS.impossible_days.at(response.decided_on)
    due = response.decided_on + timedelta(days=lies.value)
    yield Proposal(
        WriteSupplement(claim_id=claim.pk), key=f"supplement:{claim.claim_no}", subject=("claim", str(claim.public_id)), minutes=15,
        title=noop("Claim %(claim_no)s was not reviewable (%(reason)s): write the supplement"), won=claim.insurer_won,
        facts={"claim_no": claim.claim_no, "reason": response.reason_code}, pattern=f"supplement:{response.reason_code}"[:60],
        evidence=({"label": noop("Asked"), "value": f"{claim.insurer_won:,}", "formula": response.reason_code},
                  {"label": noop("Lapses on"), "value": lapses_on(claim.care_month).isoformat(), "formula": TERMS.lapse_years.at(due).source}),
        due_at=clock.at_seoul(last_weekday(due), 17 * 60),
    )  # fmt: skip


def _asked_records(event: Event) -> Iterator[Proposal[Action]]:
    asked = RecordRequest.objects.select_related("claim").get(pk=event.payload["request_id"])
    if asked.sent_at is not None:
        return
    claim = asked.claim
    yield Proposal(
        SendRecords(request_id=asked.pk), key=f"records:{asked.pk}", subject=("claim", str(claim.public_id)), minutes=20,
        title=noop("The agency asks for records on claim %(claim_no)s by %(day)s"), won=claim.insurer_won,
        facts={"claim_no": claim.claim_no, "day": asked.due_on.isoformat()}, pattern=f"records:{asked.reason_code}"[:60],
        evidence=({"label": noop("What is asked for"), "value": asked.what, "formula": asked.reason_code},),
        due_at=clock.at_seoul(last_weekday(asked.due_on), 17 * 60),
    )  # fmt: skip


class DraftForgotten(Action):
    """Bill what was charged and not billed, and draft the statement."""

    says: ClassVar[str] = noop("The visit is billed where it was not, and its statement is drafted and checked.")
    encounter_id: int

    def verify(self) -> str:
        return "" if selectors.unclaimed().filter(pk=self.encounter_id).exists() else noop("The visit is claimed now.")

    def run(self, by: Actor) -> None:
        visit = Encounter.objects.get(pk=self.encounter_id)
        if visit.charges.filter(status="billable").exists() or not visit.invoices.exists():
            billing.issue_invoice(encounter_id=visit.pk, by=by)
        services.draft(encounter_id=visit.pk, by=by)


@automation(
    "claim.omit", kind="P", team="claims", on=("business.hour", "claim.weighed"), engine="claims.selectors.unclaimed, engines.risk.omissions",
    covers=noop("Visits and charges that reached no statement, and items that nearly always come with what is on one."),
)  # fmt: skip
def propose_forgotten(event: Event) -> Iterator[Proposal[Action]]:
    """Every morning: finished visits of the last two weeks with charges that no statement holds. At each check: items a statement probably lacks."""
    if event.name == "claim.weighed":
        yield from _lacking(event)
        return
    if event.payload["hour"] != 8:
        return
    since = clock.today() - timedelta(days=FORGOTTEN_DAYS)
    visits = selectors.unclaimed().filter(business_on__gte=since, business_on__lt=clock.today())
    for visit in visits.select_related("department").order_by("id")[:100]:
        charges = visit.charges.exclude(status="entered-in-error")
        won = sum(charges.values_list("amount_won", flat=True))
        yield Proposal(
            DraftForgotten(encounter_id=visit.pk),
            key=f"visit:{visit.public_id}",
            title=noop("A finished visit of %(day)s has %(count)s charges and no statement"),
            facts={"day": visit.business_on.isoformat(), "count": charges.count()},
            evidence=(
                {"label": noop("Department"), "value": {"ko": visit.department.name_ko, "en": visit.department.name_en}, "formula": ""},
                {"label": noop("Charges"), "value": f"{won:,}", "formula": "billing.ChargeItem"},
            ),
            won=won,
            minutes=10,
            pattern=visit.payer,
            subject=("encounter", str(visit.public_id)),
        )  # fmt: skip


def _lacking(event: Event) -> Iterator[Proposal[Action]]:
    """One question a statement: what it probably lacks, with the won expected from it."""
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    earlier = automations.about("claim", claim.public_id, "claim.omit")
    if claim.status != Claim.Status.APPROVED or not claim.lacking:
        automations.overtake(
            earlier, noop("The statement is on the worklist already, or nothing seems to be missing now.")
        )
        return
    if (expected := sum(row["won"] for row in claim.lacking)) < LACKING_WON:
        return
    first = max(claim.lacking, key=lambda row: row["won"])
    yield Proposal(
        ReviewFirst(claim_id=claim.pk, note=first["ko"][:200]),
        key=f"{claim.claim_no}:lacks:{first['expected']}",
        title=noop("Claim %(claim_no)s may lack a charge: %(message)s"),
        facts={"claim_no": claim.claim_no, "message": first["ko"], "message_en": first["en"]},
        evidence=tuple({"label": row["expected"], "value": {"ko": row["ko"], "en": row["en"]}, "formula": f"{row['won']:,}"} for row in claim.lacking),
        confidence=first["confidence"],
        won=expected,
        minutes=4,
        pattern=f"lacks:{first['expected']}",
        subject=("claim", str(claim.public_id)),
    )  # fmt: skip


class TakeBack(Action):
    """Take a returned statement back into work, so that it is checked and sent again."""

    says: ClassVar[str] = noop("The returned statement is taken back, checked again and sent with the next batch.")
    claim_id: int

    def verify(self) -> str:
        returned = Claim.objects.filter(pk=self.claim_id, status=Claim.Status.RETURNED).exists()
        return "" if returned else noop("The statement is in work already.")

    def run(self, by: Actor) -> None:
        services.reopen_returned(claim_id=self.claim_id, by=by)


class LetCut(Action):
    """Accept a cut that is smaller than the work of objecting."""

    says: ClassVar[str] = noop("The cut is accepted and lowers revenue in the ledger.")
    response_id: int

    def verify(self) -> str:
        waits = ClaimResponse.objects.filter(pk=self.response_id, seen_at=None).exists()
        return "" if waits else noop("The answer was decided already.")

    def run(self, by: Actor) -> None:
        services.accept_cut(response_id=self.response_id, by=by)


@automation(
    "claim.reclaim", kind="P", team="claims", on=("claim.answered", "remedy.ruled"), engine="engines.remedies",
    covers=noop("Returned statements, cuts, objections and appeals by expected won a day left; a person sends each."),
)  # fmt: skip
def propose_reclaims(event: Event) -> Iterator[Proposal[Action]]:
    """What came back: send again what was returned, let go what is not worth the work, else what the law offers."""
    if event.name == "remedy.ruled":
        yield from remedies.after_ruling(
            Remedy.objects.select_related("claim", "response").get(pk=event.payload["remedy_id"])
        )
        return
    response = ClaimResponse.objects.select_related("claim").get(pk=event.payload["response_id"])
    claim, cut = response.claim, response.requested_won - response.decided_won
    subject = ("claim", str(claim.public_id))
    if response.status == "returned" and claim.status == Claim.Status.RETURNED:
        paid, again = selectors.regained_share()
        share = (paid + 6) / (again + 10)  # 60 % until there is a record [?]
        yield Proposal(
            TakeBack(claim_id=claim.pk), key=f"{claim.claim_no}:{response.pk}", subject=subject, pattern=response.reason_code,
            title=noop("Returned claim %(claim_no)s (%(reason)s): send again"), confidence=share, minutes=8,
            facts={"claim_no": claim.claim_no, "reason": response.reason_code}, won=int(claim.insurer_won * share),
            evidence=({"label": noop("Sent again and paid"), "value": f"{paid} / {again}", "formula": "claims.selectors.regained_share"},
                      {"label": noop("Asked"), "value": f"{claim.insurer_won:,}", "formula": response.reason_text}),
        )  # fmt: skip
    elif response.status == "adjusted" and 0 < cut <= OBJECTION_WON:
        yield Proposal(
            LetCut(response_id=response.pk), key=f"{claim.claim_no}:{response.pk}", subject=subject, minutes=10,
            pattern=f"cut:{response.reason_code}"[:60], title=noop("Cut of %(won)s won on claim %(claim_no)s: an objection costs more"),
            facts={"claim_no": claim.claim_no, "won": f"{cut:,}"},
            evidence=({"label": noop("Cut"), "value": f"{cut:,}", "formula": response.reason_code},
                      {"label": noop("Work of an objection"), "value": f"{OBJECTION_WON:,}", "formula": "[?]"}),
        )  # fmt: skip
    elif response.status == "adjusted":
        yield from remedies.after_answer(response)


MEASURED = ("claim.fix", "claim.exception", "claim.risk", "claim.over", "claim.reclaim", "claim.omit")


@outbox.on("claim.answered", key="claims.outcomes")
def on_answered(event: Event) -> None:
    """The agency's answer tells of every earlier proposal about the statement or its visit whether it was right."""
    claim = Claim.objects.select_related("encounter").get(pk=event.payload["claim_id"])
    response_id, good = event.payload["response_id"], event.payload["status"] == "full"
    rows = automations.about("claim", claim.public_id, *MEASURED)
    rows += automations.about("encounter", claim.encounter.public_id, *MEASURED)
    answered_at = event.occurred_at
    automations.overtake(
        [row for row in rows if row.automation != "claim.reclaim"], noop("The statement was sent as it was.")
    )
    for row in rows:
        if row.automation == "claim.reclaim" and (row.action != "TakeBack" or row.key.endswith(f":{response_id}")):
            continue
        if row.made_at <= answered_at:
            automations.outcome(
                row, noop("Paid in full") if good else noop("Cut or returned"), key=f"response:{response_id}", is_good=good,
                won=-event.payload["cut_won"], detail={"predicted": float(row.confidence or 0)},
            )  # fmt: skip


@outbox.on("claim.submitted", key="claims.sent_outcome")
def on_submitted(event: Event) -> None:
    """A batch that got its receipt: sending was right."""
    row = (
        Made.objects.filter(automation="claim.submit", action="SendReady", state__in=automations.DONE)
        .order_by("-id")
        .first()
    )
    if row is not None:
        automations.outcome(row, noop("Receipt of the agency"), key=f"batch:{event.payload['batch_id']}", is_good=True)
