"""Lists of claims in figures: by month, by department, by reason, and the claims behind each figure."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.claims.models import Claim, ClaimResponse
from tamna.claims.words import reason_name
from tamna.core import clock
from tamna.core.choices import departments
from tamna.core.format import named
from tamna.core.lists import Column, Filter, Listing, day_of, define
from tamna.insight.claims.selectors import BACK
from tamna.insight.claims.terms import TERMS

STANDING = ("withdrawn", "corrected")
WHAT = {
    "claims": noop("Claims"), "answered": noop("Answered"), "back": noop("Came back or cut"), "returned": noop("Returned"),
    "impossible": noop("Not reviewable"), "adjusted": noop("Cut"), "high_cost": noop("High-cost claims"), "special": noop("Special cases"),
}  # fmt: skip


def _kept(rows: Any, value: str) -> Any:
    return rows  # the view has narrowed already: sums are not claims


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


FIGURES = define(
    Listing(
        "claims.figures", noop("Claims in figures"), "claims.see", view="insight:claims", order=(),
        columns=(
            Column("name", noop("Month or department"), lambda row: str(row.name)),
            Column("claims", noop("Claims"), lambda row: row.count("claims"), number=True),
            Column("claimed", noop("Claimed"), lambda row: row.value("claims"), number=True),
            Column("answered", noop("Answered"), lambda row: row.count("answered"), number=True, wide=True),
            Column("returned", noop("Returned"), lambda row: row.count("returned", "impossible"), number=True, wide=True),
            Column("cut", noop("Cut"), lambda row: row.count("adjusted"), number=True, wide=True),
            Column("rate", noop("Came back or cut"), lambda row: _share(row.rate), number=True),
            Column("low", noop("Interval from"), lambda row: _share(row.interval[0]), in_file=True),
            Column("high", noop("Interval to"), lambda row: _share(row.interval[1]), in_file=True),
            Column("lost", noop("Not granted"), lambda row: row.lost_won, number=True),
            Column("answer", noop("Days to answer"), lambda row: row.mean("answer_days"), number=True, wide=True),
            Column("payment", noop("Days to payment"), lambda row: row.mean("payment_days"), number=True, wide=True),
            Column("minutes", noop("Clerk's minutes"), lambda row: row.clerk_minutes, number=True, wide=True),
            Column("high_cost", noop("High-cost"), lambda row: row.count("high_cost"), number=True, wide=True),
            Column("special", noop("Special cases"), lambda row: row.count("special"), number=True, wide=True),
        ),
        filters=(
            Filter("by", noop("By"), _kept, kind="kept", default=lambda: "month"),
            Filter("department", noop("Department"), _kept, kind="choice", options=departments),
            Filter("months", noop("Months"), _kept, kind="choice", options=lambda: [("6", "6"), ("12", "12"), ("24", "24"), ("60", "60")], default=lambda: "12"),
        ),
        empty=noop("No claim is counted yet."), hint=noop("Figures follow within a minute of the claims; `tamna rebuild` counts all of them anew."),
    )
)  # fmt: skip

REASONS = define(
    Listing(
        "claims.reasons", noop("Reasons and review criteria"), "claims.see", view="insight:claim-reasons", order=(),
        columns=(
            Column("reason", noop("Reason"), lambda row: f"{row.code} {reason_name(row.code)}".strip()),
            Column("count", noop("Statements"), lambda row: row.count, number=True),
            Column("won", noop("Not granted"), lambda row: row.won, number=True, wide=True),
            Column("share", noop("Share of answered"), lambda row: _share(row.share), number=True),
            Column("low", noop("Interval from"), lambda row: _share(row.low), in_file=True),
            Column("high", noop("Interval to"), lambda row: _share(row.high), in_file=True),
            Column("since", noop("Changed since"), lambda row: str(row.change.since or "") if row.change else ""),
            Column("before", noop("Share before"), lambda row: _share(row.change.before) if row.change else None, number=True, wide=True),
            Column("after", noop("Share after"), lambda row: _share(row.change.after) if row.change else None, number=True, wide=True),
            Column("p", noop("p, corrected"), lambda row: row.change.p if row.change else None, number=True, wide=True),
            Column("naive", noop("By eye (4 weeks)"), lambda row: row.change.naive_p if row.change else None, number=True, wide=True),
        ),
        filters=FIGURES.filters[1:],
        empty=noop("No statement came back or was cut in these months."),
    )
)  # fmt: skip


def claims_behind() -> QuerySet[Claim]:
    """Claims with the agency's first answer, for the list behind a figure."""
    first = ClaimResponse.objects.filter(claim=OuterRef("pk"), kind="result").exclude(status="held").order_by("id")
    return Claim.objects.select_related("department").annotate(
        ended=Subquery(first.values("status")[:1]), reason=Subquery(first.values("reason_code")[:1]),
        asked=Subquery(first.values("requested_won")[:1]), granted=Subquery(first.values("decided_won")[:1]),
    )  # fmt: skip


def _what(rows: Any, what: str) -> Any:
    """Exactly what the figure of this name counts."""
    if what == "claims":
        return rows.exclude(status__in=STANDING)
    if what == "high_cost":
        return rows.exclude(status__in=STANDING).filter(total_won__gte=TERMS.high_cost_won.at(clock.today()).value)
    if what == "special":
        return rows.exclude(status__in=STANDING).exclude(encounter__special_case="")
    if what == "answered":
        return rows.filter(ended__isnull=False)
    return rows.filter(ended__in=BACK if what == "back" else [what])


def _month(rows: Any, value: str, side: str) -> Any:
    on = day_of(value)
    return rows.filter(**{f"care_month__{side}": f"{on:%Y%m}"}) if on else rows


RECORDS = define(
    Listing(
        "claims.records", noop("Claims behind a figure"), "claims.see", view="insight:claim-records", order=("-care_month", "-id"),
        columns=(
            Column("number", noop("Claim"), lambda row: row.claim_no),
            Column("visit", noop("Visit"), lambda row: str(row.first_visit_on)),
            Column("department", noop("Department"), lambda row: named(row.department), wide=True),
            Column("state", noop("State"), lambda row: row.get_status_display()),
            Column("ended", noop("First answer"), lambda row: row.ended or ""),
            Column("reason", noop("Reason"), lambda row: row.reason or "", wide=True),
            Column("claimed", noop("Claimed"), lambda row: row.insurer_won, number=True),
            Column("lost", noop("Not granted"), lambda row: (row.asked or 0) - (row.granted or 0), number=True),
        ),
        filters=(
            Filter("what", noop("What"), _what, kind="choice", options=lambda: [(key, _(text)) for key, text in WHAT.items()]),
            Filter("department", noop("Department"), lambda rows, code: rows.filter(department__code=code), kind="choice", options=departments),
            Filter("first", noop("From month of"), lambda rows, value: _month(rows, value, "gte"), kind="day"),
            Filter("last", noop("To month of"), lambda rows, value: _month(rows, value, "lte"), kind="day"),
            Filter("reason", noop("Reason code"), lambda rows, code: rows.filter(reason=code.upper(), ended__in=BACK)),
        ),
        empty=noop("No claim counts here."),
    )
)  # fmt: skip

PROFIT = define(
    Listing(
        "claims.profit", noop("Revenue and losses of claims"), "claims.see", view="insight:claim-profit", order=(),
        columns=(
            Column("name", noop("Department or service"), lambda row: str(row.name)),
            Column("charged", noop("Charged"), lambda row: row.charged_won, number=True, wide=True),
            Column("claimed", noop("Claimed"), lambda row: row.claimed_won, number=True),
            Column("lost", noop("Not granted"), lambda row: row.lost_won, number=True),
            Column("share", noop("of claimed"), lambda row: _share(row.lost_share), number=True),
            Column("mended", noop("Omissions mended"), lambda row: row.mended_won, number=True, wide=True),
            Column("left", noop("Omissions left"), lambda row: row.left_won, number=True, wide=True),
            Column("paid", noop("Paid by the insurer"), lambda row: row.paid_won, number=True, wide=True),
            Column("expected", noop("Payment to expect"), lambda row: row.expected_won, number=True),
        ),
        filters=(Filter("by", noop("By"), _kept, kind="kept", default=lambda: "department"), *FIGURES.filters[1:]),
        empty=noop("No claim is counted yet."),
    )
)  # fmt: skip
