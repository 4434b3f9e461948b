"""Every setting that the environment may give (설정): name, meaning, default. One list; `docs/operate/settings.md` is made of it.

A test reads the code for names that stand nowhere here, and the other way round. `tamna doctor --settings` prints the page.
"""

import os
from dataclasses import dataclass

HEAD = """# Settings

Everything that differs between places comes from the environment. Nothing here is needed for `tamna up`: defaults start a
hospital. This page is made by `tamna doctor --settings`; a test keeps it and the code the same.

| setting | meaning | default |
|---|---|---|
"""


@dataclass(frozen=True)
class Setting:
    """One name of the environment. `is_secret`: its value is never shown."""

    name: str
    meaning: str
    default: str = "–"
    is_secret: bool = False


def _system(key: str, title: str) -> tuple[Setting, Setting]:
    name = f"TAMNA_{key.upper()}"
    return (
        Setting(
            f"{name}_URL",
            f"address of {title}; goes before the one kept on the connections screen",
            "screen, else simulator",
        ),
        Setting(f"{name}_SECRET", f"bearer token for that address of {title}", is_secret=True),
    )


SETTINGS: tuple[Setting, ...] = (
    Setting("TAMNA_HOME", "data folder: embedded database, keys (0700), backups, logs, imports, simulator state", "the user's data folder"),
    Setting("XDG_DATA_HOME", "where the user's data folder is, when TAMNA_HOME is not given", "~/.local/share"),
    Setting("TAMNA_PORT", "web port P; live stream P+1, HL7 listener P+2, simulators P+3 to P+9", "8100"),
    Setting("DATABASE_URL", "an external PostgreSQL 16 or newer: `postgresql://user:password@host:5432/name?sslmode=require`", "embedded", is_secret=True),
    Setting("TAMNA_DATABASE", "name of the database in the embedded server", "tamna"),
    Setting("TAMNA_MASTER_KEY", "base64 of 32 bytes: the key that opens all other keys; `new,old` while it is replaced", "keys/master.key, made on first start", is_secret=True),
    Setting("TAMNA_SECRET_KEY", "signs sessions and short-lived tokens", "keys/secret.key, made on first start", is_secret=True),
    Setting("TAMNA_HOSTS", "names the web answers to, separated by commas", "localhost,127.0.0.1,[::1]"),
    Setting("TAMNA_ORIGINS", "origins that may post forms, separated by commas: `https://tamna.hospital.kr`"),
    Setting("TAMNA_TLS", "1 behind a proxy that ends TLS and sets X-Forwarded-Proto: secure cookies, HSTS", "0"),
    Setting("TAMNA_LIVE_URL", "address of the live stream as browsers see it", "the host of the page, port P+1"),
    Setting("TAMNA_PATIENT_URL", "address under which patients' phones reach Tamna, `https://tamna.hospital.kr`; without it notices carry no link and none is sent of a booking"),
    Setting("TAMNA_POOL", "most database connections of one process", "8"),
    Setting("TAMNA_NO_POOL", "1: no pool, a connection a request (tests)", "0"),
    Setting("TAMNA_DEBUG", "1: error pages for developers; never in real use", "0"),
    Setting("TAMNA_NOTICE_DAYS", "days a notice stays in the bell, read or not", "90"),
    Setting("TAMNA_LOG", "lowest level of log lines: debug, info, warning", "info"),
    *_system("nhis", "the insurer's eligibility (NHIS)"),
    *_system("hira", "the review agency (HIRA)"),
    *_system("messaging", "the message service"),
    *_system("card", "the card terminal"),
    *_system("bank", "the bank"),
    Setting("TAMNA_HIS_URL", "host:port that HL7 messages to the HIS go to (MLLP)", "screen, else simulator"),
    Setting("TAMNA_HIS_CONTROL_URL", "HTTP address of the HIS simulator's switches", "simulator"),
    Setting("TAMNA_HIS_SECRET", "bearer token for that address", is_secret=True),
    Setting("TAMNA_HIS_LISTEN", "address where Tamna listens for HL7 messages, on port P+2", "127.0.0.1"),
    Setting("TAMNA_TEST_DATABASE", "name of the tests' database", "test_tamna"),
)  # fmt: skip


def as_markdown() -> str:
    return HEAD + "".join(f"| `{row.name}` | {row.meaning} | {row.default} |\n" for row in SETTINGS)


def given() -> list[Setting]:
    """Settings that the environment gives now."""
    return [row for row in SETTINGS if os.environ.get(row.name) and row.name.startswith(("TAMNA_", "DATABASE_"))]


def unknown() -> list[str]:
    """Names that look like ours and mean nothing: a typing mistake."""
    names = {row.name for row in SETTINGS}
    return sorted(name for name in os.environ if name.startswith("TAMNA_") and name not in names)
