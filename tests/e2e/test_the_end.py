"""One interrupt ends every process of the hospital; the last who look at it."""

import signal

import psutil
import pytest

pytestmark = pytest.mark.e2e


def test_one_interrupt_ends_every_process(hospital):
    tamna = hospital.process
    children = psutil.Process(tamna.pid).children(recursive=True)
    assert len(children) >= 10
    tamna.send_signal(signal.SIGINT)
    assert tamna.wait(40) == 0
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert not alive, [process.name() for process in alive]
