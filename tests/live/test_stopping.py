"""Ctrl-C and SIGTERM are a wish, not an exception in the middle of work."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from workbench.live.stopping import Stop, stoppable


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_wish(number: signal.Signals) -> None:
    with stoppable() as stop:
        assert not stop.asked
        os.kill(os.getpid(), number)

        assert stop.wait(60)


def test_a_second_ctrl_c_interrupts() -> None:
    with stoppable() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(60)

        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_handlers_from_before_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with stoppable():
        assert signal.getsignal(signal.SIGTERM) is not before

    assert signal.getsignal(signal.SIGTERM) is before


def test_in_another_thread_it_changes_nothing() -> None:
    found: list[Stop] = []

    def work() -> None:
        with stoppable() as stop:
            found.append(stop)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)

    assert not found[0].asked
