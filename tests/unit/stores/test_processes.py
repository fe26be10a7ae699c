from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from cip.stores.processes import Process, is_alive, this_process

NAME_ITSELF = """
from cip.stores.processes import this_process
me = this_process()
print(me.host, me.pid, me.started or "-", flush=True)
input()
"""


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], Process]]:
    with subprocess.Popen(
        [sys.executable, "-c", NAME_ITSELF],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        host, pid, started = running.stdout.readline().split()
        yield running, Process(host, int(pid), "" if started == "-" else started)
        running.kill()


def test_this_process_is_alive():
    assert is_alive(this_process()) is True


def test_a_running_child_is_alive_and_a_killed_one_is_not(child):
    running, process = child
    assert is_alive(process) is True
    running.kill()
    running.wait()
    assert is_alive(process) is False


def test_a_killed_child_that_nobody_waited_for_is_dead(child):
    running, process = child
    running.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_alive(process) is False


@pytest.mark.skipif(not this_process().started, reason="only /proc tells when a process started")
def test_a_number_that_another_process_has_now_is_not_the_same_process():
    assert is_alive(replace(this_process(), started="1")) is False


def test_nobody_can_say_on_another_machine():
    assert is_alive(replace(this_process(), host="elsewhere")) is None
