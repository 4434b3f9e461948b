"""Lists of the shared screens: the audit log, proposals."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core import automations, clock
from tamna.core.access import ROLES
from tamna.core.audit import actions
from tamna.core.catalogue import done_since, title_of
from tamna.core.choices import departments
from tamna.core.format import moment
from tamna.core.lists import Column, Filter, Listing, define
from tamna.reception.fhir import report

AUDIT = define(
    Listing(
        "audit", noop("Audit log"), "audit.see", view="web:audit", order=("-id",), of_patients=True,
        columns=(
            Column("at", noop("Hospital time"), lambda row: str(row.at), sort=("id",)),
            Column("recorded", noop("Wall time"), lambda row: str(row.recorded_at), wide=True),
            Column("actor", noop("Who"), lambda row: row.actor_name),
            Column("action", noop("Action"), lambda row: row.action),
            Column("subject", noop("Record"), lambda row: f"{row.subject_type} {row.subject_id}", wide=True),
            Column("reason", noop("Reason"), lambda row: row.reason, wide=True),
        ),
        filters=(
            Filter("actor", noop("Who"), lambda rows, name: rows.filter(actor_name=name)),
            Filter("action", noop("Action"), lambda rows, action: rows.filter(action=action), kind="choice",
                   options=lambda: [(key, key) for key in actions()]),
            Filter("subject", noop("Record"), lambda rows, ref: rows.filter(subject_id=ref)),
        ),
        empty=noop("Nothing was written yet."),
    )
)  # fmt: skip


def _in_state(rows: Any, state: str) -> Any:
    """Open ones, those done in the last day, or those decided in the last month."""
    if state == "open":
        return rows.filter(state="open")
    if state == "done":  # the figure of the director's page, by the day's decisions
        return rows.filter(pk__in=done_since(clock.now() - timedelta(days=1)).values("pk"))
    return rows.exclude(state__in=["open", "shadow"]).filter(made_at__gte=clock.now() - timedelta(days=30))


PROPOSALS = define(
    Listing(
        "proposals", noop("Proposals"), "automations.decide", view="web:proposals", order=("-worth_won", "-id"),
        columns=(
            Column("title", noop("Proposal"), title_of),
            Column("state", noop("State"), lambda row: _(row.state), wide=True),
            Column("value", noop("Value"), lambda row: row.won, number=True, sort=("worth_won", "id")),
            Column("saves", noop("Saves"), lambda row: row.minutes, number=True, wide=True),
            Column("confidence", noop("Confidence"), lambda row: row.confidence, number=True, wide=True),
            Column("act", noop("Action"), unseen=True),
        ),
        filters=(
            Filter("state", noop("State"), _in_state, kind="kept", default=lambda: "open"),
            Filter("automation", noop("Automation"), lambda rows, key: rows.filter(automation=key), kind="choice",
                   options=lambda: [(key, key) for key in sorted(automations.built())]),
            Filter("rule", noop("Rule"), lambda rows, rule: rows.filter(title_facts__rule=rule), kind="kept"),
        ),
        empty=noop("Nothing waits for you."), hint=noop("What was decided stands under Decided."),
    )
)  # fmt: skip
DECIDED = define(
    replace(PROPOSALS, key="proposals.decided", order=("-id",), empty=noop("Nothing was decided yet."), hint="")
)

IMPORTS = define(
    Listing(
        "imports", noop("Imports"), "it.operate", view="web:imports", order=("-id",),
        columns=(
            Column("begun", noop("Begun"), lambda run: moment(run.started_at), sort=("id",)),
            Column("by", noop("By"), lambda run: run.started_by, wide=True),
            Column("bundles", noop("Bundles"), lambda run: report.RunView.of(run).bundles["new"], number=True),
            Column("read", noop("Read"), lambda run: report.RunView.of(run).totals["read"], number=True),
            Column("mapped", noop("Mapped"), lambda run: report.RunView.of(run).totals["mapped"], number=True, wide=True),
            Column("kept", noop("Kept aside"), lambda run: report.RunView.of(run).totals["kept"], number=True, wide=True),
            Column("refused", noop("Refused"), lambda run: report.RunView.of(run).refused, number=True),
            Column("state", noop("State")),
        ),
        empty=noop("Nothing was imported yet."), hint=noop("Run `tamna import fhir FOLDER` on the server."),
    )
)  # fmt: skip


ACCOUNT_STATES = {
    "open": noop("In use"), "disabled": noop("Disabled"), "locked": noop("Locked"), "temporary": noop("Temporary password"),
    "no_totp": noop("Without second factor"),
}  # fmt: skip


def account_state(row: Any) -> str:
    """The state that a badge shows: the first that stands in the way of signing in."""
    if not row.is_active:
        return "disabled"
    if row.locked_until and row.locked_until > timezone.now():
        return "locked"
    return "temporary" if row.temporary_until else "open"


def _accounts_in(rows: Any, state: str) -> Any:
    return rows.filter({
        "open": Q(is_active=True), "disabled": Q(is_active=False), "locked": Q(locked_until__gt=timezone.now()),
        "temporary": Q(temporary_until__isnull=False), "no_totp": Q(totp_secret=None, is_active=True),
    }.get(state, Q()))  # fmt: skip


ACCOUNTS = define(
    Listing(
        "accounts", noop("Accounts"), "people.accounts", view="web:accounts", order=("username",),
        columns=(
            Column("username", noop("User name"), lambda row: row.username, sort=("username",)),
            Column("name", noop("Name"), lambda row: row.name_ko, sort=("name_ko", "id")),
            Column("name_en", noop("Name (English)"), lambda row: row.name_en, in_file=True),
            Column("role", noop("Role"), lambda row: row.role, sort=("role", "id")),
            Column("department", noop("Department"), lambda row: row.department.code if row.department else "", wide=True),
            Column("seen", noop("Last sign-in"), lambda row: moment(row.last_login) if row.last_login else "", wide=True),
            Column("state", noop("State"), lambda row: _(ACCOUNT_STATES[account_state(row)])),
        ),
        filters=(
            Filter("q", noop("User name or name"), lambda rows, words: rows.filter(
                Q(username__icontains=words) | Q(name_ko__icontains=words) | Q(name_en__icontains=words)), personal=True),
            Filter("role", noop("Role"), lambda rows, role: rows.filter(role=role), kind="choice",
                   options=lambda: [(key, _(role.title)) for key, role in ROLES.items()]),
            Filter("department", noop("Department"), lambda rows, code: rows.filter(department__code=code), kind="choice",
                   options=departments),
            Filter("state", noop("State"), _accounts_in, kind="choice",
                   options=lambda: [(key, _(text)) for key, text in ACCOUNT_STATES.items()]),
        ),
        empty=noop("No account yet."), hint=noop("Make one by hand, or many from a list."),
    )
)  # fmt: skip
