"""A listener on a real socket, a patient with an open visit, and what the outside must never change."""

import asyncio
import contextlib
import contextvars
import re
import socket
import threading
from decimal import Decimal

import pytest
from django.apps import apps

from tamna.connect.his import mllp
from tamna.core.models import Department
from tamna.patients import services as patients
from tamna.reception import his
from tamna.reception import services as reception
from tests.integration.connect import simulators

KEPT_FOR_THE_RECORD = {"InterfaceMessage", "HospitalClock"}


class Line:
    """One connection to the listener."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.left = b""

    def put(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def answer(self) -> "Answer":
        while mllp.END not in self.left:
            part = self.socket.recv(65536)
            if not part:
                raise EOFError
            self.left += part
        whole, _, self.left = self.left.partition(mllp.END)
        assert whole.startswith(mllp.START)
        return Answer(whole[1:])

    def is_closed(self) -> bool:
        try:
            return not self.left and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.socket.close()


class Answer:
    """An acknowledgement, read by fields."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.segments = {line.split("|")[0]: line.split("|") for line in raw.decode().split("\r") if line}
        self.code, self.control_id = self.segments["MSA"][1:3]

    @property
    def condition(self) -> int | None:
        return int(self.segments["ERR"][3]) if "ERR" in self.segments else None


class Listener:
    def __init__(self, port: int) -> None:
        self.port = port

    def line(self) -> Line:
        return Line(self.port)

    def tell(self, message: str | bytes, encoding: str = "utf-8") -> Answer:
        raw = message if isinstance(message, bytes) else message.encode(encoding)
        return Answer(mllp.send("127.0.0.1", self.port, raw, timeout_s=20))


@pytest.fixture
def listener(transactional_db, morning):
    """The HIS listener of the product on a free port, at the hospital's (frozen) time."""
    with listening(0) as one:
        yield one


@contextlib.contextmanager
def listening(port):
    """The product's listener on a port, in a thread."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    ports = []

    async def start() -> None:
        server = await mllp.serve("127.0.0.1", port, his.receive)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()

    context = contextvars.copy_context()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=context.run, args=(run,), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield Listener(ports[0])

    async def stop() -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await loop.shutdown_default_executor()

    asyncio.run_coroutine_threadsafe(stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture
def patient(hospital, morning, clerk):
    return patients.register_patient(name="모의환자", birth_on=morning.date().replace(year=1970), sex="F",
                                     phone="01000000001", is_synthetic=True, by=clerk)  # fmt: skip


@pytest.fixture
def visit(patient, clerk):
    """An open visit of the patient."""
    department = Department.objects.get(code="01")
    return reception.receive(patient_id=patient.pk, department_id=department.pk, by=clerk).encounter


@pytest.fixture
def write(patient, visit):
    """Make a message about this patient and visit: `write("ORM^O01", "C1", "ORC|NW|P1", "OBR|1|P1||ZL001")`."""

    def make(kind: str, control_id: str, *segments: str, number: str | None = None, head: str = "") -> str:
        version = head or "P|2.5||||||UNICODE UTF-8"
        return "\r".join(
            [
                rf"MSH|^~\&|HIS|HIS|TAMNA|TAMNA|20261124103000||{kind}|{control_id}|{version}",
                f"PID|1||{patient.chart_no}^^^TAMNA^MR",
                f"PV1|1|O|||||||||||||||||{visit.public_id if number is None else number}",
                *segments,
                "",
            ]
        )

    return make


@pytest.fixture
def rows():
    """How many rows every table holds, but for the record of messages."""

    def count() -> dict[str, int]:
        models = [model for model in apps.get_models() if model.__module__.startswith("tamna.")]
        return {model.__name__: model.objects.count() for model in models if model.__name__ not in KEPT_FOR_THE_RECORD}

    return count


ORDER = ("ORC|NW|P-1|||||||20261124102500", "OBR|1|P-1||ZL001^Test" + "|" * 23 + "2")
ONE, TWO = Decimal(1), Decimal(2)


def without_times(raw: bytes) -> bytes:
    return re.sub(rb"\|\d{14}\|", b"||", raw)


@pytest.fixture(scope="session")
def _world(tmp_path_factory):
    with simulators.running(tmp_path_factory.mktemp("outside")) as running:
        yield running


@pytest.fixture
def world(_world, monkeypatch):
    """Every simulator, quiet, and the product pointed at them."""
    for name, simulator in _world.items():
        monkeypatch.setenv(simulators.VARIABLES[name], simulator.url)
        simulator.quiet()
    monkeypatch.setenv("TAMNA_HIS_URL", f"127.0.0.1:{_world['his'].ports['his_mllp']}")
    yield _world
    for simulator in _world.values():
        if simulator.process and simulator.process.poll() is not None:
            simulator.start()
            simulator.wait()
        simulator.quiet()
