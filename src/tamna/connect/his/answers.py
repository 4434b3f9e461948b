"""What we write: acknowledgements (ACK with AA, AE or AR) and the news that a patient has arrived (ADT^A04). Times are Seoul's."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")
MARKS = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\"}
HEAD = r"MSH|^~\&|TAMNA|TAMNA|HIS|HIS|"


def _time(at: datetime) -> str:
    return f"{at.astimezone(SEOUL):%Y%m%d%H%M%S}"


def _plain(text: str) -> str:
    """Delimiters escaped, line ends gone."""
    return re.sub(r"[\\|^~&]", lambda found: MARKS[found[0]], re.sub(r"[\x00-\x1f\x7f]", " ", text))


def acknowledge(
    control_id: str, code: str, at: datetime, reason: str = "", location: str = "", condition: int = 207
) -> bytes:
    """ACK (AA, AE or AR); an error says where (ERR-2), of which kind (ERR-3, table 0357) and why (ERR-8)."""
    reason, control_id = _plain(reason[:200]), _plain(control_id)
    lines = [
        f"{HEAD}{_time(at)}||ACK|A{control_id}|P|2.5||||||UNICODE UTF-8",
        f"MSA|{code}|{control_id}" + (f"|{reason}" if reason else ""),
    ]
    if code != "AA":
        segment, _, field = location.partition("-")
        place = f"{segment}^1^{field}".rstrip("^") if field else segment
        lines.append(f"ERR||{place}|{condition}|E||||{reason}")
    return ("\r".join(lines) + "\r").encode()


def acknowledgement_code(raw: bytes) -> str:
    """MSA-1 of an answer; empty when it cannot be read."""
    for line in re.split("[\r\n]+", raw.decode("utf-8", "replace")):
        if line.startswith("MSA|"):
            return line.split("|")[1]
    return ""


def arrival(
    control_id: str, at: datetime, *, chart_no: str, visit: str, department: str, license_no: str, sex: str, birth: str
) -> bytes:
    """ADT^A04: the patient has arrived. No name and no resident number travels; the HIS knows the chart."""
    return (
        f"{HEAD}{_time(at)}||ADT^A04|{control_id}|P|2.5||||||UNICODE UTF-8\r"
        f"EVN|A04|{_time(at)}\r"
        f"PID|1||{chart_no}^^^TAMNA^MR||||{birth}|{sex}\r"
        f"PV1|1|O|{department}||||{license_no}||||||||||||{visit}\r"
    ).encode()
