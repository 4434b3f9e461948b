"""Pages and lists of a hospital with 1,000,000 patients and 5,000,000 charge lines, and the same lists with OFFSET and count(*).

Run: make bench-lists, or python -m bench.lists [--patients 1000000] [--times 20] [--home FOLDER] [--keep]
A page's time is that of the whole answer in this process: middleware, queries, template. CPU is what this process and the
database's took for it, which other work on the machine changes little. Fills `bench.large` first, which
goes on where it was stopped; the folder is removed at the end unless --keep is given.
"""

import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from bench.place import share

DEEP = 100_000  # rows before the page that is compared with OFFSET
SLOW_MS = 100  # of these the slowest question is printed


def record(kind: int, number: int) -> UUID:
    """The public id of a record of `bench.large`."""
    return UUID(int=(kind << 96) | (0x7000 << 64) | number)


@dataclass(frozen=True)
class Sheet:
    """A page: who asks for which addresses, one after the other."""

    name: str
    who: str
    addresses: list[str]


def sheets(patients: int, today: Any) -> list[Sheet]:
    from datetime import timedelta

    from bench.large import Size

    size = Size(patients, today)
    some = [1 + number * 7919 % patients for number in range(1, 8)]
    visits = [size.visits - size.a_day * 40 - number * 173 for number in range(7)]
    claims = _existing("claims.Claim", visits)
    charts = [f"{number:08d}" for number in some]
    names, births = ["김수영", "이민준", "박영희", "고서연"], _births(some)
    week = [(today - timedelta(days=days)).isoformat() for days in (1, 6, 30, 300, 800)]
    return [
        Sheet("patients", "reception", ["/patients/"]),
        Sheet("patients, by birth date", "reception", ["/patients/?sort=birth", "/patients/?sort=-birth"]),
        Sheet("patients, next pages", "reception", [f"/patients/?cursor={deep('patients', part)}" for part in (0.1, 0.5, 0.9)]),
        Sheet("patients, by birth date, deep", "reception", [f"/patients/?sort=birth&cursor={deep('patients', part, 'birth')}" for part in (0.1, 0.5, 0.9)]),
        Sheet("patients, last page", "reception", [f"/patients/?cursor={_last()}"]),
        Sheet("patients named …", "reception", [f"/patients/?q={name}" for name in names]),
        Sheet("patients, 김 or ㄱㅅ", "reception", [f"/patients/?q={name}" for name in ("김", "ㄱㅅ", "ㅇㅁㅈ")]),
        Sheet("patients, chart number", "reception", [f"/patients/?q={chart}" for chart in charts]),
        Sheet("patients, birth date", "reception", [f"/patients/?q={born}" for born in births]),
        Sheet("patients, name and birth date", "reception", [f"/patients/?q=김 {born}" for born in births]),
        Sheet("patient", "reception", [f"/patients/{record(0, number)}" for number in some]),
        Sheet("patient with hundreds of visits", "reception", [f"/patients/{record(0, number)}" for number in range(1, 6)]),
        Sheet("desk, chart number", "reception", [f"/reception/?q={chart}" for chart in charts]),
        Sheet("board", "reception", ["/reception/board"]),
        Sheet("queue", "reception", ["/reception/board/01", "/reception/board/05"]),
        Sheet("bookings", "reception", ["/reception/bookings", *(f"/reception/bookings?on={on}&department=01" for on in week[:3])]),
        Sheet("search: name", "front_lead", [f"/search?q={name}" for name in names]),
        Sheet("search: numbers", "front_lead", [f"/search?q={text}" for text in (charts[0], claims[0][1], "202611", "12345", "26")]),
        Sheet("visit's timeline", "director", [f"/patients/visits/{record(1, number)}" for number in visits]),
        Sheet("bills to pay", "cashier", ["/billing/", "/billing/?department=01", "/billing/?sort=issued"]),
        Sheet("bills of a day or name", "cashier", [f"/billing/?on={week[1]}", f"/billing/?q={names[0]}", f"/billing/?q={charts[0]}", "/billing/?q=김"]),
        Sheet("bill", "cashier", [f"/billing/{record(2, number)}" for number in visits]),
        Sheet("payments", "cashier", ["/billing/payments", *(f"/billing/payments?on={on}&tender=cash" for on in week)]),
        Sheet("payments, every day", "cashier", ["/billing/payments?on=", "/billing/payments?on=&cashier=cashier7", "/billing/payments?on=&tender=transfer"]),
        Sheet("day close", "cashier7", ["/billing/closing"]),
        Sheet("claims to work on", "claims", ["/claims/", "/claims/?department=01", "/claims/?sort=visit", "/claims/?sort=-visit"]),
        Sheet("claims paid", "claims", ["/claims/?state=paid", "/claims/?state=paid&department=05", "/claims/?state=paid&sort=-visit"]),
        Sheet("claims paid, deep", "claims", [f"/claims/?state=paid&cursor={deep('claims', part)}" for part in (0.1, 0.9)]),
        Sheet("claims returned", "claims", ["/claims/?state=returned", "/claims/?state=returned&department=05"]),
        Sheet("claim by number", "claims", [f"/claims/?state=&q={number}" for _id, number in claims]),
        Sheet("claim", "claims", [f"/claims/{record(8, number)}" for number, _no in claims]),
        Sheet("batches", "claims", ["/claims/batches", f"/claims/batches?month={week[3][:4]}{week[3][5:7]}", "/claims/batches?sort=number"]),
        Sheet("batch", "claims", [f"/claims/batches/{record(7, days)}" for days in (11, 400, 900)]),
        Sheet("answers", "claims", ["/claims/answers", "/claims/answers?show=all", "/claims/answers?show=all&department=05", "/claims/answers?show=all&reason=A12"]),
        Sheet("journal", "general", ["/ledger/", "/ledger/?sort=day", f"/ledger/?on={week[1]}", "/ledger/?source=claim"]),
        Sheet("journal of an account", "general", ["/ledger/?account=1101", "/ledger/?account=1125", f"/ledger/?account=1121&on={week[2]}"]),
        Sheet("journal, deep", "general", [f"/ledger/?cursor={deep('journal', part)}" for part in (0.1, 0.5, 0.9)]),
        Sheet("trial balance of 60 days", "general", ["/ledger/trial-balance"]),
        Sheet("trial balance of 1,000 days", "general", [f"/ledger/trial-balance?start={week[-1][:4]}-01-01"]),
        Sheet("director's page", "director", ["/insight/"]),
        Sheet("records of a figure", "director", [f"/insight/figures/{key}" for key in ("visits", "waits", "paid", "owed", "claimed", "returned", "errors")]),
        *(Sheet(f"home of {role}", role, ["/"]) for role in ("director", "reception", "cashier", "claims", "it")),
        Sheet("proposals", "claims", ["/proposals", "/proposals?state=decided"]),
        Sheet("catalogue", "director", ["/catalogue", "/catalogue/claim.omit"]),
        Sheet("audit log", "auditor", ["/audit", "/audit?sort=at"]),
        Sheet("audit log, filtered", "auditor", ["/audit?actor=cashier3", "/audit?action=payment.taken", "/audit?actor=nobody", "/audit?action=x",
                                                 f"/audit?subject={record(2, visits[0])}"]),
        Sheet("audit log, deep", "auditor", [f"/audit?cursor={deep('audit', part)}" for part in (0.1, 0.5, 0.9)]),
        Sheet("audit of a record", "auditor", [f"/audit/of/invoice/{record(2, number)}" for number in visits]),
        Sheet("jobs", "it", ["/jobs"]),
        Sheet("accounts, doctors", "it", ["/accounts", "/reception/doctors"]),
        Sheet("fee master", "it", ["/billing/fees", "/billing/fees?q=B00", "/billing/fees?q=항목 9999", "/billing/fees?sort=-from", "/billing/fees?benefit=meal"]),
    ]  # fmt: skip


def _listed(key: str) -> Any:
    """The rows of a list as its screen begins with them."""
    from tamna.billing import selectors as billing
    from tamna.claims import selectors as claims
    from tamna.core.models import AuditEntry
    from tamna.ledger import selectors as ledger
    from tamna.patients.models import Patient

    return {
        "patients": lambda: Patient.objects.filter(merged_into=None), "claims": lambda: claims.worklist().filter(status="paid"), "journal": ledger.journal,
        "audit": AuditEntry.objects.all, "payments": billing.payments, "answers": claims.answers,
    }[key]()  # fmt: skip


def _order(key: str, sort: str = "") -> tuple[str, ...]:
    from tamna.core import lists

    listing = lists.known()[key]
    return next((column.sort for column in listing.columns if sort and column.key == sort), listing.order)


def deep(key: str, part: float, sort: str = "") -> str:
    """The cursor behind a part of all rows of a list."""
    from tamna.core.paging import cursor_at

    rows, order = _listed(key), _order(key, sort)
    row = rows.order_by(*order)[int(rows.count() * part)]
    return cursor_at(row, order)


def _last() -> str:
    from tamna.core.paging import LAST

    return LAST


def _births(numbers: list[int]) -> list[str]:
    from tamna.patients.models import Patient

    return [str(row.birth_on) for row in Patient.objects.filter(pk__in=numbers).only("birth_on")]


def _existing(model: str, numbers: list[int]) -> list[tuple[int, str]]:
    from django.apps import apps

    return list(apps.get_model(model).objects.filter(pk__in=numbers).values_list("pk", "claim_no"))


def timed(work: Callable[[], Any], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def _cpu_s(server: psutil.Process) -> float:
    """Seconds of processor of this process and of its database process."""
    there = server.cpu_times()
    return time.process_time() + there.user + there.system


def measure(found: list[Sheet], times: int) -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tamna.core.models import User

    clients: dict[str, Client] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0])
    print(f"{'page':34s} {'queries':>8s} {'first ms':>9s} {'median ms':>10s} {'95 % ms':>9s} {'CPU ms':>8s}")
    every: list[float] = []
    for sheet in found:
        client = clients.get(sheet.who)
        if client is None:
            client = clients[sheet.who] = Client(SERVER_NAME="localhost")
            client.force_login(User.objects.get(username=sheet.who))

        def ask(address: str, client: Client = client) -> None:
            answer = client.get(address)
            if answer.status_code != 200:
                raise RuntimeError(f"{address}: {answer.status_code}")

        first, most, values, slow, cpu = [], 0, [], [], 0.0
        for address in sheet.addresses:
            first += timed(lambda: ask(address), 1)  # noqa: B023
            with CaptureQueriesContext(connection) as queries:
                ask(address)
            asked = list(queries.captured_queries)
            most = max(most, len(asked))
            before = _cpu_s(server)
            taken = timed(lambda: ask(address), max(3, times // len(sheet.addresses)))  # noqa: B023
            cpu += _cpu_s(server) - before
            values += taken
            if statistics.median(taken) > SLOW_MS:
                worst = max(asked, key=lambda query: float(query["time"]))
                slow.append(
                    f"    {statistics.median(taken):6.0f} ms {address}: {worst['time']} s {re.sub(r' +', ' ', worst['sql'])[:600]}"
                )
        every += values
        print(
            f"{sheet.name:34s} {most:8d} {max(first):9.1f} {statistics.median(values):10.1f} {share(values, 0.95):9.1f}"
            f" {cpu / len(values) * 1000:8.1f}",
            flush=True,
        )
        for line in slow:
            print(line)
    print(f"{'all':34s} {'':8s} {'':9s} {statistics.median(every):10.1f} {share(every, 0.95):9.1f}")


def compare(times: int) -> None:
    """The same page of the same rows: by keyset and bounded count, and by OFFSET and count(*)."""
    from tamna.core.lists import COUNTED_ROWS
    from tamna.core.paging import cursor_at, page

    print(
        f"\n{'list, after rows':34s} {'keyset ms':>10s} {'OFFSET ms':>10s} {'ratio':>7s} {'count ≤1,000':>13s} {'count(*)':>10s} {'ratio':>7s}"
    )
    for key, sort in (
        ("patients", ""),
        ("patients", "birth"),
        ("claims", ""),
        ("payments", ""),
        ("journal", ""),
        ("audit", ""),
    ):
        rows, order = _listed(key), _order(key, sort)
        total = rows.count()
        for after in sorted({min(DEEP, total // 2), total * 9 // 10}):
            cursor = cursor_at(rows.order_by(*order)[after - 1], order)
            mine = statistics.median(timed(lambda: page(rows, order, cursor), times))  # noqa: B023
            theirs = statistics.median(timed(lambda: list(rows.order_by(*order)[after : after + 50]), 3))  # noqa: B023
            bounded = statistics.median(timed(lambda: rows.order_by()[: COUNTED_ROWS + 1].count(), times))  # noqa: B023
            whole = statistics.median(timed(rows.count, 3))
            name = f"{key}{' by ' + sort if sort else ''}, {after:,}"
            print(
                f"{name:34s} {mine:10.1f} {theirs:10.1f} {theirs / mine:7.0f} {bounded:13.1f} {whole:10.1f} {whole / bounded:7.0f}",
                flush=True,
            )


@contextmanager
def hospital(home: Path, patients: int) -> Iterator[Any]:
    """The filled hospital, served with the product's own settings; gives its day."""
    os.environ |= {"TAMNA_HOME": str(home), "TAMNA_NO_POOL": "1", "DJANGO_SETTINGS_MODULE": "tamna.web.settings"}
    os.environ.pop("DATABASE_URL", None)
    from tamna.core import database

    database.start_embedded()
    try:
        import django

        django.setup()
        from django.core.management import call_command
        from django.urls import get_resolver

        from bench.large import Filler, Size
        from tamna.core import clock

        _ = get_resolver().url_patterns  # every department's lists are known
        started = time.monotonic()
        call_command("migrate", verbosity=0, interactive=False)
        Filler(Size(patients, clock.today())).run(lambda text: print(text, flush=True))
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            print(
                f"filled in {time.monotonic() - started:.0f} s: {patients:,} patients, {cursor.fetchone()[0] / 2**30:.1f} GiB",
                flush=True,
            )
        yield clock.today()
    finally:
        database.stop_embedded(600)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "tamna-bench-lists")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    parser.add_argument("--keep", action="store_true", help="leave the folder for the next run")
    args = parser.parse_args()
    with hospital(args.home, args.patients) as today:
        found = sheets(args.patients, today)
        measure([sheet for sheet in found if args.only in sheet.name], args.times)
        if not args.only:
            compare(args.times)
    if not args.keep:
        shutil.rmtree(args.home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
