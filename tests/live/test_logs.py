"""What a log says, and what it never says."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from kafka.errors import KafkaError

from workbench.live import logs
from workbench.live.clients import LiveError, translated
from workbench.live.settings import Settings
from workbench.live.telemetry import Telemetry, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

CARD, PASSWORD = "card-4000-1234-5678", 'correct "horse" battery'


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("WORKBENCH_KAFKA_PASSWORD", PASSWORD)
    return Settings.load()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_has_time_level_role_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("worker", "INFO")
    logging.getLogger("workbench.live").warning("took %d s", 3)

    (line,) = lines(capsys)
    assert list(line) == ["time", "level", "role", "message"]
    assert line["time"].endswith("Z")
    assert (line["level"], line["role"], line["message"]) == ("WARNING", "worker", "took 3 s")


def test_extra_fields_of_the_list_are_told_and_no_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("worker", "INFO")
    extra = {"topic": "fraud.events", "offset": 7, "event_id": CARD, "card_id": CARD}
    logging.getLogger("workbench.live").info("in quarantine", extra=extra)

    (line,) = lines(capsys)
    assert (line["topic"], line["offset"]) == ("fraud.events", 7)
    assert CARD not in str(line)


def test_chatter_of_a_client_is_not_told_and_can_still_be_listened_to(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    logs.set_up("worker", "DEBUG")
    library = logging.getLogger("kafka.net.connection")

    def fail() -> None:
        with translated(settings, "anything"):
            library.warning("SaslAuthenticationFailedError")
            raise KafkaError("no connection")

    with pytest.raises(LiveError, match="a user that the broker knows"):
        fail()
    library.error("broken")

    assert [line["message"] for line in lines(capsys)] == ["broken"]


def test_of_a_reason_only_the_kind_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("worker", "INFO")
    logging.getLogger("workbench.live").info("bad", extra={"reason": f"mapping: {CARD}"})

    assert lines(capsys)[0]["reason"] == "mapping"


def test_an_exception_is_told_by_kind_and_place_without_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("worker", "INFO")
    try:
        {}[CARD]
    except KeyError:
        logging.getLogger("workbench.live").exception("unexpected")

    (line,) = lines(capsys)
    assert line["error"] == "KeyError"
    assert line["where"][-1].startswith("test_logs.py:")
    assert CARD not in str(line)


def test_a_secret_of_the_settings_is_struck_out(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    logs.set_up("worker", "INFO", settings)
    extra = {"address": f"https://user:{PASSWORD}@host"}
    logging.getLogger("workbench.live").info("logged in with %s", PASSWORD, extra=extra)

    (line,) = lines(capsys)
    assert line["message"] == f"logged in with {logs.STRUCK}"
    assert PASSWORD not in line["address"]


def test_a_message_of_several_lines_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("worker", "INFO")
    logging.getLogger("workbench.live").info("one\ntwo")

    assert lines(capsys)[0]["message"] == "one\ntwo"


@pytest.mark.parametrize("library", ["pika.adapters", "opensearch", "httpx"])
def test_libraries_tell_only_warnings(capsys: pytest.CaptureFixture[str], library: str) -> None:
    logs.set_up("worker", "DEBUG")
    logging.getLogger(library).info("news")
    logging.getLogger(library).warning("trouble")

    assert [line["message"] for line in lines(capsys)] == ["trouble"]


def test_where_metrics_are_is_told_at_any_level(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("worker", "ERROR")
    with serve(Telemetry("worker", "fraud"), 0) as address:
        assert lines(capsys)[0]["message"] == f"metrics at {address}/metrics"


def test_the_level_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("worker", "WARNING")
    logging.getLogger("workbench.live").info("news")

    assert lines(capsys) == []


def test_a_process_that_meets_bad_messages_and_fails_tells_no_card_and_no_password() -> None:
    """Decoding, quarantine, an unexpected error, and a broker that is not there."""
    program = f"""
import logging, os
os.environ["WORKBENCH_KAFKA_PASSWORD"] = password = {PASSWORD!r}
os.environ["WORKBENCH_KAFKA"] = "127.0.0.1:1"
os.environ["WORKBENCH_KAFKA_USER"] = "worker"
from workbench.case import get_case
from workbench.live import clients, logs
from workbench.live.fields import BadMessage, decode
from workbench.live.messages import EventCodec
from workbench.live.settings import Settings
settings = Settings.load()
logs.set_up("worker", "DEBUG", settings)
log = logging.getLogger("workbench.live")
log.info("settings: %r", settings)
for bad in (b'{{"event_id": "{CARD}", "event_time": "{CARD}"}}', b'{CARD}', b'["{CARD}"]'):
    try:
        EventCodec(get_case("fraud").schema).decode(bad, 0)
    except BadMessage as error:
        log.warning("in quarantine: %s", error, extra={{"reason": str(error), "value": bad}})
try:
    decode(b'{{"card_id": "{CARD}"}}')["{CARD}"]
except KeyError:
    log.exception("unexpected")
try:
    clients.producer(settings)
except clients.LiveError:
    log.exception("no broker")
"""
    done = subprocess.run(  # noqa: S603 - this interpreter, on code that stands here
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert len(done.stderr.splitlines()) == 6
    assert all(json.loads(line)["role"] == "worker" for line in done.stderr.splitlines())
    assert CARD not in done.stderr + done.stdout
    assert "horse" not in done.stderr + done.stdout
