"""A booking as a calendar file (iCalendar, RFC 5545): one event that a later one with a higher sequence replaces.

In: instants with a zone. Out: text of CRLF lines, folded at 75 octets, instants in UTC. No patient stands in it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Visit:
    """What a calendar shows. `uid` is stable over changes."""

    uid: str
    starts_at: datetime
    minutes: int
    title: str
    place: str
    says: str = ""
    sequence: int = 0
    is_cancelled: bool = False


def calendar(visit: Visit, made_at: datetime) -> str:
    """The file's text."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tamna//Booking//KO", "CALSCALE:GREGORIAN",
        f"METHOD:{'CANCEL' if visit.is_cancelled else 'PUBLISH'}", "BEGIN:VEVENT", f"UID:{_text(visit.uid)}",
        f"SEQUENCE:{visit.sequence}", f"DTSTAMP:{_at(made_at)}", f"DTSTART:{_at(visit.starts_at)}",
        f"DTEND:{_at(visit.starts_at + timedelta(minutes=visit.minutes))}", f"SUMMARY:{_text(visit.title)}", f"LOCATION:{_text(visit.place)}",
        *([f"DESCRIPTION:{_text(visit.says)}"] if visit.says else []), f"STATUS:{'CANCELLED' if visit.is_cancelled else 'CONFIRMED'}",
        "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return "".join(_folded(line) + "\r\n" for line in lines)


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    for char in ("\\", ";", ","):
        value = value.replace(char, "\\" + char)
    return value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Lines of at most 75 octets; a character is never cut."""
    parts, size, part = [], 0, ""
    for char in line:
        width = len(char.encode())
        if size + width > 75:
            parts.append(part)
            part, size = "", 1  # the space that begins a folded line counts
        part, size = part + char, size + width
    return "\r\n ".join([*parts, part])
