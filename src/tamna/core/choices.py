"""Choices that filters of many lists offer."""

from tamna.core.format import language
from tamna.core.models import Department


def departments() -> list[tuple[str, str]]:
    """Departments by code. One query."""
    return [
        (row.code, row.name_ko if language() == "ko" else row.name_en)
        for row in Department.objects.exclude(code=Department.ELSEWHERE).order_by("code")
    ]
