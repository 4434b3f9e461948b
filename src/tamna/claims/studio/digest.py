"""What changed in the claim rules (규칙 변경 요약): for the staff, by week."""

from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from tamna.claims.studio.models import RuleSwitch
from tamna.core import clock, notices

DAYS = 7


def changes() -> QuerySet[RuleSwitch]:
    """Every switch that two people agreed on, newest decision first by ("-decided_at", "-id")."""
    rows = RuleSwitch.objects.filter(verdict=RuleSwitch.Verdict.APPROVED)
    return rows.select_related("version", "asked_by", "decided_by", "author")


def tell(day: date, *, at: datetime) -> int:
    """Tell the claims team of the seven days before this one; silent where nothing changed."""
    since = clock.at_seoul(day - timedelta(days=DAYS))
    count = changes().filter(decided_at__gte=since, decided_at__lt=clock.at_seoul(day)).count()
    if not count:
        return 0
    facts = {"count": count, "day": (day - timedelta(days=1)).isoformat()}
    return notices.tell("rules.digest", facts, key=day.isoformat(), url="/claims/rules/changes", at=at)
