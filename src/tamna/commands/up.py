"""Start Tamna: database, migrations, web, live stream, worker, interfaces, simulators and the living hospital.

One Ctrl-C ends all of it. `--empty` starts for real use: no synthetic hospital, no simulators; a first-run page creates
the hospital. TAMNA_HOME is the data folder, TAMNA_PORT the web port; DATABASE_URL uses a PostgreSQL server of yours.

Example:
  tamna up --rate 12
"""

import argparse
import os
import sys
import threading
import time
from pathlib import Path

import httpx

from tamna.commands.streams import BadInput
from tamna.core import database
from tamna.core.home import folder, home, web_port
from tamna.core.supervisor import AlreadyRuns, Child, Stopped, Supervisor, only_one, taken_ports

SEED, PATIENTS = 20261124, 20_000
PORTS = 10  # the web port and those that follow


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--empty", action="store_true", help="real use: start without the synthetic hospital")
    parser.add_argument(
        "--rate", type=int, default=12, choices=range(1, 61), metavar="1-60", help="speed of the hospital clock"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--workers", type=int, default=2, help="web processes")
    parser.add_argument("--history-days", type=int, default=40, help="past days loaded in the background")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    supervisor = Supervisor()
    supervisor.listen()
    try:
        with only_one():
            return _live(args, supervisor)
    except AlreadyRuns:
        raise BadInput(
            "already_runs", f"Tamna runs already with the data in {home()}",
            hint="stop it first (Ctrl-C), or give another TAMNA_HOME and TAMNA_PORT",
        ) from None  # fmt: skip


def _live(args: argparse.Namespace, supervisor: Supervisor) -> int:
    port = web_port()
    started = time.monotonic()
    _say(f"Tamna: data in {home()}")
    if taken := taken_ports(args.host, list(range(port, port + PORTS))):
        raise BadInput(
            "port_taken", f"something else listens on port {', '.join(map(str, taken))}",
            hint=f"stop it, or choose {PORTS} free ports in a row: TAMNA_PORT=8200 tamna up",
        )  # fmt: skip
    try:
        if database.is_embedded():
            _start_database(supervisor)
        elif not database.is_running():
            print("tamna: the database of DATABASE_URL does not answer", file=sys.stderr)
            return 1
        with supervisor.starting():
            is_synthetic = _prepare(args)
        supervisor.children = children(port, args.host, args.workers, is_synthetic)
        _wait_for_web(port, supervisor)
        supervisor.ready = not supervisor.stopping
        if supervisor.ready:
            name = "localhost" if args.host == "127.0.0.1" else args.host
            _say(f"Tamna is ready after {time.monotonic() - started:.0f} s: http://{name}:{port}")
            if is_synthetic:
                threading.Thread(target=_load_history, args=(args.history_days,), daemon=True).start()
        supervisor.run()
    except Stopped:
        _say("Stopped while starting; the next start goes on.")
    finally:
        supervisor.end()
    _say("Tamna has stopped.")
    return 0


def _start_database(supervisor: Supervisor) -> None:
    """Not cut short by a wish to stop: half a database folder would have to be made again."""
    try:
        database.start_embedded()
    except Exception:
        if supervisor.stopping:  # Ctrl-C reached its starter too
            raise Stopped from None
        raise


def _say(text: str) -> None:
    print(text, flush=True)


def children(port: int, host: str, workers: int, is_synthetic: bool) -> list[Child]:
    """Every process, in order of start; they end in the opposite order."""
    python, state = sys.executable, folder("state")
    web = [python, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers),
           "--blocking-threads", "6", "--backlog", "512", "--no-ws", "--log-level", "warning", "--respawn-failed-workers",
           "tamna.web.wsgi:application"]  # fmt: skip
    live = [python, "-m", "uvicorn", "--host", host, "--port", str(port + 1), "--log-level", "warning", "--no-access-log",
            "tamna.web.live:application"]  # fmt: skip
    found = [
        Child("web", web),
        Child("live", live),
        Child("worker", [python, "-m", "tamna.core.worker"], {"TAMNA_POOL": "12"}, nice=3),
        Child("his-listener", [python, "-m", "tamna.reception.his"], {"TAMNA_POOL": "6"}),
    ]
    if not is_synthetic:
        return found

    def simulator(name: str, *more: str, ready: bool = False) -> Child:
        return Child(f"sim-{name}", [python, "-m", f"tamna.simulators.{name}", *more], after_ready=ready, nice=5)

    world = ("--seed", str(SEED), "--patients", str(PATIENTS))
    found += [
        simulator("bank", "--port", str(port + 9), "--state", str(state / "bank.db")),
        simulator("hira", "--port", str(port + 6), "--state", str(state / "hira.db"), "--bank-port", str(port + 9)),
        simulator("nhis", "--port", str(port + 5), *world),
        simulator("messaging", "--port", str(port + 7), "--state", str(state / "messaging.db")),
        simulator("card", "--port", str(port + 8), "--state", str(state / "card.db")),
        simulator("his", "--port", str(port + 4), "--mllp-port", str(port + 3), "--product-port", str(port + 2),
                  "--state", str(state / "his.db")),
        simulator("living", "--product", f"http://127.0.0.1:{port}", "--his", f"http://127.0.0.1:{port + 4}",
                  "--token-file", str(state / "robots.token"), "--state", str(state / "living.db"), *world, ready=True),
    ]  # fmt: skip
    return found


def _prepare(args: argparse.Namespace) -> bool:
    """Migrate; on the first start plant the synthetic hospital (or leave a setup code). Returns whether it is synthetic."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from tamna.core import clock, outbox
    from tamna.core.models import Hospital, HospitalClock, User

    call_command("migrate", verbosity=0, interactive=False)
    hospital = Hospital.objects.first()
    if (hospital is None and args.empty) or (hospital and not hospital.is_synthetic):
        if not User.objects.exists():
            _say(f"First run: open the page and enter the setup code {_setup_code()}")
        return False
    if hospital is None:
        _plant(args.rate)
        return True
    outbox.subscribe_from_now()  # a handler that came with an upgrade does not read the past; `outbox.replay` does
    if hospital.is_synthetic:
        from tamna.synthetic import seed

        seed.renew_robots()
        row = HospitalClock.objects.first()
        if row is not None:  # business time stood still while Tamna was down
            stopped = _last_seen()
            at = (
                row.at_business + (min(stopped, timezone.now()) - row.at_wall) * float(row.rate)
                if stopped
                else clock.now()
            )
            clock.set_clock(max(at, row.at_business), args.rate)
    return hospital.is_synthetic


def _last_seen():  # type: ignore[no-untyped-def]
    """Wall time at which the hospital last did something."""
    from tamna.core.models import Event

    return Event.objects.order_by("-id").values_list("recorded_at", flat=True).first()


def _setup_code() -> str:
    from tamna.core.staff import temporary_password

    path = folder("keys", private=True) / "setup.code"
    if not path.exists():
        path.write_text(temporary_password(), encoding="utf-8")
        path.chmod(0o600)
    return path.read_text(encoding="utf-8")


def _plant(rate: int) -> None:
    """The synthetic hospital in the middle of a weekday: people, bookings, this morning and the last working day.

    All of it or nothing: a start that was cut off plants anew.
    """
    from django.db import transaction

    from tamna.core import clock, outbox
    from tamna.simulators.hospital import World
    from tamna.synthetic import load, seed

    _say("First start: planting the synthetic hospital …")
    world = World(SEED, PATIENTS)
    with transaction.atomic():
        start = seed.plant(world, rate)
        on = clock.business_day(start)
        load.people(world, on)
        load.open_bookings(world, [on, *_next_working_days(on, 2)], start)
        loader = load.Loader(world)
        loader.day(on, until=seed.START_MINUTES, today=on)
        loader.day(load.working_days_before(on, 1)[0], today=on)
        outbox.subscribe_from_now()
        _rebuild_indicators(on)
        clock.set_clock(start, rate)


def _rebuild_indicators(on) -> None:  # type: ignore[no-untyped-def]
    from datetime import timedelta

    from tamna.insight import services
    from tamna.insight.claims import services as claims

    services.rebuild(on - timedelta(days=120), on)
    claims.rebuild(on - timedelta(days=120), on)


def _next_working_days(on, count: int):  # type: ignore[no-untyped-def]
    from datetime import timedelta

    days, day = [], on
    while len(days) < count:
        day += timedelta(days=1)
        if day.weekday() != 6:
            days.append(day)
    return days


def _wait_for_web(port: int, supervisor: Supervisor) -> None:
    supervisor.start(only_first=True)
    for _ in range(300):
        if supervisor.stopping:
            return
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        supervisor.start(only_first=True)
        time.sleep(0.1)
    print(f"tamna: the web process does not answer; see {Path(folder('log')) / 'web.log'}", file=sys.stderr)


def _load_history(days: int) -> None:
    """The rest of the past, newest first, while the hospital already lives. Each day lands whole; a stop goes on later."""
    from tamna.core import clock
    from tamna.insight import services as insight
    from tamna.insight.claims import services as claims
    from tamna.reception.models import Encounter
    from tamna.simulators.hospital import World
    from tamna.synthetic import load
    from tamna.synthetic.progress import report

    os.nice(10)
    world = World(SEED, PATIENTS)
    own = Encounter.objects.filter(is_imported=False)
    first = own.order_by("id").values_list("business_on", flat=True).first() or clock.today()
    wanted = load.working_days_before(first, days)
    known = set(own.filter(business_on__in=wanted).values_list("business_on", flat=True).distinct())
    loader = load.Loader(world)
    for number, on in enumerate(wanted, start=1):
        if on not in known:
            loader.day(on, today=first)
            insight.rebuild(on, on)  # so that trends grow with every day that lands
            claims.mark_day(on)
        report(number, len(wanted))
    _rebuild_indicators(clock.today())
