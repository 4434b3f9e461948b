"""Choices that filters of many lists offer."""

from tamna.core.format import named
from tamna.core.models import Department


def departments() -> list[tuple[str, str]]:
    """Departments by code. One query."""
    return [(row.code, named(row)) for row in Department.objects.exclude(code=Department.ELSEWHERE).order_by("code")]
