"""Claims: statements, their lines and findings, batches, and what the agency answered."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tamna.claims.coding.models import ClinicalNote as ClinicalNote
from tamna.claims.remedies.models import Remedy as Remedy
from tamna.claims.studio.models import RuleSwitch as RuleSwitch
from tamna.claims.studio.models import RuleTrial as RuleTrial
from tamna.claims.studio.models import RuleVersion as RuleVersion
from tamna.claims.submission.models import BatchEntry as BatchEntry
from tamna.claims.submission.models import BatchFile as BatchFile
from tamna.claims.submission.models import RecordRequest as RecordRequest
from tamna.core.identity import new_public_id


class Batch(models.Model):
    """청구서: one file of statements (insurer kind × setting × month of care × claim kind)."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        RECEIVED = "received", _("Received")
        RETURNED = "returned", _("Returned")
        REVIEWED = "reviewed", _("Reviewed")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    batch_no = models.CharField("청구번호", max_length=10, unique=True)
    insurer_kind = models.CharField(max_length=1)
    setting = models.CharField(max_length=10)
    care_month = models.CharField("진료년월", max_length=6)
    claim_kind = models.CharField(max_length=10, default="original")
    statements = models.PositiveIntegerField(default=0)
    total_won = models.BigIntegerField(default=0)
    insurer_won = models.BigIntegerField(default=0)
    status = models.CharField(max_length=9, choices=Status, default=Status.OPEN)
    sha256 = models.CharField(max_length=64, blank=True)
    receipt_no = models.CharField("접수번호", max_length=20, blank=True)
    refused_code = models.CharField(
        max_length=30, blank=True
    )  # why the agency refused the file; empty while it is sent on
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)


class Claim(models.Model):
    """청구 명세서 (FHIR Claim). State changes only along the life of a statement; corrections are new statements."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        CHECKED = "checked", _("Checked")
        APPROVED = "approved", _("Ready")
        BATCHED = "batched", _("In a batch")
        SUBMITTED = "submitted", _("Sent")
        RECEIVED = "received", _("Received")
        RETURNED = "returned", _("Returned")
        IMPOSSIBLE = "impossible", _("Not reviewable")
        CORRECTED = "corrected", _("Followed by a supplement")  # its successor carries the won
        HELD = "held", _("On hold")
        FULL = "full", _("Paid in full")
        ADJUSTED = "adjusted", _("Cut")
        PAID = "paid", _("Paid")
        WITHDRAWN = "withdrawn", _("Withdrawn")  # another payer's visit after all: nothing is claimed

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    claim_no = models.CharField("명세서번호", max_length=20, unique=True)
    encounter = models.ForeignKey("reception.Encounter", on_delete=models.PROTECT, related_name="claims")
    kind = models.CharField(max_length=10, default="original")  # original supplement added split
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="followed_by")
    previous_receipt_no = models.CharField(
        "접수번호", max_length=7, blank=True
    )  # of the one before, for supplements and additions
    previous_serial_no = models.CharField("당초 명세서일련번호", max_length=5, blank=True)
    return_reason = models.CharField("사유코드", max_length=2, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    insurer_kind = models.CharField(max_length=1)
    payer = models.CharField(max_length=15)
    setting = models.CharField(max_length=10)
    department = models.ForeignKey("core.Department", on_delete=models.PROTECT, related_name="claims")
    care_month = models.CharField(max_length=6)
    first_visit_on = models.DateField()
    total_won = models.BigIntegerField(default=0)
    patient_won = models.BigIntegerField(default=0)
    insurer_won = models.BigIntegerField(default=0)
    decided_won = models.BigIntegerField(null=True, blank=True)
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    rejects = models.PositiveSmallIntegerField(default=0)
    adjusts = models.PositiveSmallIntegerField(default=0)
    warnings = models.PositiveSmallIntegerField(default=0)
    risk_won = models.BigIntegerField(default=0)
    gaps = models.JSONField(default=list)  # what the statement lacks before it may be sent (engines.claimfile)
    chance = models.FloatField(
        null=True, blank=True
    )  # that it comes back or is cut, as learnt from answers; none: not weighed
    chance_reasons = models.JSONField(default=list)  # columns, values and points that moved it
    unusual = models.JSONField(default=list)  # facts unlike its peers and past, the rarest first
    lacking = models.JSONField(default=list)  # items it probably lacks, with expected won
    worth_won = models.BigIntegerField(default=0)  # won expected to be lost as it stands: what looking at it is worth
    urgency = models.PositiveSmallIntegerField(default=0)  # 2 due today or late, 1 within three days, 0 later
    rules_version = models.CharField(max_length=40, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="claims")
    serial_no = models.CharField("명세서일련번호", max_length=5, blank=True)
    due_on = models.DateField(null=True, blank=True)
    made_at = models.DateTimeField()
    is_synthetic = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)  # sent from an earlier system: no bill and no posting of it here

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["encounter"], condition=Q(kind="original"), name="one_original_claim"),
            models.UniqueConstraint(fields=["previous"], condition=Q(kind="supplement"), name="one_supplement_each"),
            models.CheckConstraint(
                condition=Q(kind__in=["original", "split"]) | Q(previous__isnull=False, previous_receipt_no__gt=""),
                name="correction_names_the_one_before",
            ),
            models.UniqueConstraint(
                fields=["batch", "serial_no"], condition=Q(batch__isnull=False), name="serial_once"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-risk_won", "-id"]),
            models.Index(fields=["status", "-urgency", "-worth_won", "-id"], name="claims_by_worth"),
            models.Index(fields=["status", "worth_won", "id"], name="claims_worth_sorted"),
            models.Index(fields=["care_month", "department"]),
            models.Index(fields=["first_visit_on"]),
            models.Index(fields=["status", "first_visit_on", "id"]),
            models.Index(fields=["checked_at"]),
        ]


class ClaimLine(models.Model):
    """진료내역 줄: a charge on a statement. The link charge → line is ours to keep."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="lines")
    line_no = models.PositiveSmallIntegerField()
    charge = models.ForeignKey("billing.ChargeItem", on_delete=models.PROTECT, null=True, related_name="claim_lines")
    item_class = models.CharField(max_length=2)
    item_sub = models.CharField(max_length=2)
    code_kind = models.CharField(max_length=11)
    code = models.CharField(max_length=9)
    name = models.CharField(max_length=200)
    service_at = models.DateTimeField()
    unit_won = models.BigIntegerField()
    dose = models.DecimalField(max_digits=10, decimal_places=4, default=1)
    times_per_day = models.DecimalField(max_digits=7, decimal_places=2, default=1)
    days = models.PositiveSmallIntegerField(default=1)
    quantity = models.DecimalField(max_digits=10, decimal_places=4)
    amount_won = models.BigIntegerField()
    benefit = models.CharField(max_length=12, default="covered")
    note_code = models.CharField(max_length=5, blank=True)
    note_text = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "line_no"], name="line_no_once")]
        indexes = [models.Index(fields=["service_at"], condition=Q(item_class="06"), name="therapy_by_day")]


class Finding(models.Model):
    """점검 결과: what a rule found on a statement."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="findings")
    rule_id = models.CharField(max_length=40)
    line_no = models.PositiveSmallIntegerField(null=True, blank=True)
    severity = models.CharField(max_length=6)  # reject adjust warn
    message_ko = models.TextField()
    message_en = models.TextField()
    source = models.CharField(max_length=200)
    fix = models.JSONField(null=True, blank=True)
    won_at_risk = models.BigIntegerField(default=0)
    state = models.CharField(max_length=8, default="open")  # open fixed accepted
    state_by = models.CharField(max_length=150, blank=True)
    state_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["claim", "state"]), models.Index(fields=["rule_id"])]


class ClaimResponse(models.Model):
    """심사결정 (FHIR ClaimResponse): one answer about one statement. Decisions go to a tray, nothing is written off."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="responses")
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="responses"
    )  # under which it was asked
    document_id = models.CharField(max_length=80)  # of the agency's document: a replay changes nothing
    kind = models.CharField(max_length=10)  # result payment request
    status = models.CharField(max_length=12)  # received returned impossible held full adjusted paid
    requested_won = models.BigIntegerField(default=0)
    decided_won = models.BigIntegerField(default=0)
    reason_code = models.CharField(max_length=8, blank=True)
    reason_text = models.TextField(blank=True)
    lines = models.JSONField(default=list)
    decided_on = models.DateField()
    received_at = models.DateTimeField()
    seen_by = models.CharField(max_length=150, blank=True)  # a person looked at it
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document_id", "claim"], name="response_once")]
        indexes = [
            models.Index(fields=["-id"], condition=Q(kind="result") & ~Q(status="full"), name="answers_not_full"),
            models.Index(
                fields=["-id"], condition=Q(kind="result", seen_at=None) & ~Q(status="full"), name="answers_to_see"
            ),
            models.Index(fields=["decided_on"], condition=Q(kind="result"), name="results_by_day"),
        ]


class ReportedStaff(models.Model):
    """신고 인력 (요양기관 현황 신고): a person as the agency knows them, from a day to the last day it holds."""

    kind = models.CharField(
        max_length=30
    )  # as `requires` of the fee master: physical_therapist psychiatrist; else doctor
    license_no = models.CharField("면허번호", max_length=10, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "license_no", "valid_from"], name="staff_reported_once"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_from__lte=models.F("valid_to")), name="staff_from_before_to"
            ),
        ]


class ReportedMachine(models.Model):
    """신고 장비: a machine as the agency knows it; `valid_to` is the last day of its quality inspection (품질관리검사)."""

    kind = models.CharField(max_length=30)  # as `equipment` of params/claimcheck/equipment_needed.csv: CT MRI DXA …
    number = models.CharField("장비번호", max_length=30, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "number", "valid_from"], name="machine_reported_once"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_from__lte=models.F("valid_to")), name="machine_from_before_to"
            ),
        ]


class InfectionReport(models.Model):
    """법정 감염병 신고 (감염병예방법 제11조): that a visit's infection was reported to the health authority."""

    encounter = models.ForeignKey("reception.Encounter", on_delete=models.PROTECT, related_name="infection_reports")
    code = models.CharField(max_length=20)  # the diagnosis, KCD
    reported_on = models.DateField()
    receipt_no = models.CharField(max_length=40, blank=True)
    made_by = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["encounter", "code"], name="infection_reported_once")]


class Recheck(models.Model):
    """일괄 재점검: stored statements checked again under the rules of a day, chunk by chunk; nothing on them changes."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    key = models.CharField(max_length=120, unique=True)  # idempotency: the same key is the same run
    rules_on = models.DateField(null=True, blank=True)  # empty: each statement under the rules of its own day
    own_rules = models.TextField(blank=True)  # YAML that adds or replaces rules
    only = models.JSONField(default=list)  # rule ids; empty: all
    first_on = models.DateField(null=True, blank=True)  # of the first visit days
    last_on = models.DateField(null=True, blank=True)
    department = models.ForeignKey("core.Department", on_delete=models.PROTECT, null=True, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)  # statements with a finding
    findings = models.PositiveIntegerField(default=0)
    risk_won = models.BigIntegerField(default=0)
    sums = models.JSONField(
        default=dict
    )  # "rule:severity" → [findings, statements, won], so that no page adds millions up
    not_evaluated = models.JSONField(default=dict)  # rule → what the records lack
    after_patient = models.BigIntegerField(default=0)  # where it goes on: patients in order of their keys
    peers_after = models.DateField(null=True, blank=True)  # the last quarter judged by rules across patients
    most = models.PositiveIntegerField(null=True, blank=True)  # at most about so many statements
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(default=0)  # of work, without waiting

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(done__lte=models.F("total")), name="recheck_done_of_total")]


class RecheckFinding(models.Model):
    """What a re-check found; the statement's own findings stay as they are."""

    recheck = models.ForeignKey(Recheck, on_delete=models.CASCADE, related_name="rows")
    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="+")
    rule_id = models.CharField(max_length=40)
    over = models.CharField(max_length=13)
    at = models.PositiveIntegerField()
    line_no = models.PositiveIntegerField(null=True, blank=True)
    severity = models.CharField(max_length=6)
    won_at_risk = models.BigIntegerField(default=0)
    is_hidden = models.BooleanField(default=False)  # behind a graver fault

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recheck", "claim", "rule_id", "at"], name="recheck_finding_once")
        ]
        indexes = [
            models.Index(fields=["recheck", "rule_id", "-won_at_risk"]),
            models.Index(
                fields=["recheck", "-won_at_risk", "-id"], condition=Q(is_hidden=False), name="recheck_by_won"
            ),
        ]


class ArchivedMonth(models.Model):
    """넘겨받은 달: a month of an earlier system's statements, taken whole; the same bytes again change nothing."""

    digest = models.CharField(max_length=64, unique=True)  # of its tables
    month = models.CharField(max_length=6)
    claims = models.PositiveIntegerField()
    lines = models.PositiveIntegerField()
    answers = models.PositiveIntegerField()
    refused = models.PositiveIntegerField(default=0)
    seconds = models.FloatField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()


class EarlyFinding(models.Model):
    """조기 점검 결과: what the rules say of a visit that has no statement yet, at an order or at discharge."""

    class Stage(models.TextChoices):
        ORDER = "order", _("at the order")
        DISCHARGE = "discharge", _("at discharge")

    encounter = models.ForeignKey("reception.Encounter", on_delete=models.PROTECT, related_name="early_findings")
    order = models.ForeignKey(
        "reception.ServiceRequest", on_delete=models.PROTECT, null=True, related_name="early_findings"
    )  # none: of the whole visit
    stage = models.CharField(max_length=9, choices=Stage)
    rule_id = models.CharField(max_length=40)
    severity = models.CharField(max_length=6)
    message_ko = models.TextField()
    message_en = models.TextField()
    source = models.CharField(max_length=200)
    won_at_risk = models.BigIntegerField(default=0)
    found_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)  # a later check no longer found it

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["encounter", "rule_id", "order"], nulls_distinct=False, name="early_finding_once"
            )
        ]
        indexes = [models.Index(fields=["-found_at", "-id"], condition=Q(gone_at=None), name="early_findings_open")]


class RiskModel(models.Model):
    """위험 모형: what was learnt one night from the agency's answers, with its data card. The newest one counts."""

    class State(models.TextChoices):
        USED = "used", _("In use")
        NOT_BETTER = "not_better", _("Not better than the usual rate")
        TOO_LITTLE = "too_little", _("Too few answers")

    made_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State)
    answers = models.PositiveIntegerField()
    usual = models.FloatField()  # share of statements that came back or were cut: the naive rate
    lost_share = models.FloatField()  # of what was asked, lost where something came back or was cut
    card = models.JSONField()
    model = models.TextField(blank=True)  # JSON text: names of features hold letters that jsonb does not
    is_on = models.BooleanField(default=True)
    switched_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(state="used") | ~Q(model=""), name="used_risk_has_model")]


class ClaimNorms(models.Model):
    """평소 모습: what is usual on statements, learnt one night from those sent; the newest counts. No record of a person is in it."""

    made_at = models.DateTimeField()
    statements = models.PositiveIntegerField()
    rules = models.PositiveIntegerField(default=0)
    norms = models.TextField()
    companions = models.TextField()
