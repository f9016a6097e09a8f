"""Which report is due when, and publishing what is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from workbench.errors import CheckFailed, ParameterError
from workbench.lock import locked
from workbench.reports import scheduler
from workbench.reports.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MONDAY = datetime(2026, 2, 2, 6, 30, tzinfo=UTC)
WEEKLY = '[[report]]\nname = "fraud"\ncron = "0 7 * * MON"\nparameters = { budget = 50 }\n'


@pytest.fixture
def schedule(project: Path) -> Callable[[str], Schedule]:
    def write(text: str) -> Schedule:
        (project / "reports" / "schedule.toml").write_text(text)
        return Schedule.load()

    return write


class World:
    """A clock that is moved by hand, and reports that are counted in place of being made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = MONDAY
        self.made: list[dict] = []
        self.said: list[str] = []
        self.error: Exception | None = None
        monkeypatch.setattr(scheduler, "publish", self._publish)

    def _publish(self, name: str, parameters: dict) -> str:
        assert name == "fraud"
        self.made.append(parameters)
        if self.error:
            raise self.error
        return "published"

    def run(self, schedule: Schedule, after: timedelta = timedelta(0), **options: object) -> int:
        self.time += after
        return scheduler.run(
            schedule,
            **{"once": True, "tell": self.said.append, "now": lambda: self.time, **options},
        )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_entries_are_listed_with_their_next_time_soonest_first(schedule: Callable) -> None:
    plan = schedule(WEEKLY + '[[report]]\nname = "fraud"\ncron = "45 6 * * *"\n')
    upcoming = [(f"{time:%a %H:%M}", entry.cron) for time, entry in plan.upcoming(MONDAY)]
    assert upcoming == [("Mon 06:45", "45 6 * * *"), ("Mon 07:00", "0 7 * * MON")]


def test_times_are_those_of_the_named_zone(schedule: Callable) -> None:
    plan = schedule('timezone = "Asia/Tokyo"\n' + WEEKLY)
    assert plan.upcoming(MONDAY)[0][0] == datetime(2026, 2, 8, 22, 0, tzinfo=UTC)


def test_the_schedule_of_the_project_can_be_used() -> None:
    names = [entry.name for entry in Schedule.load().entries]
    assert names == ["fraud", "recommend", "vitals"]


def test_crontab_lines_publish_from_the_project_with_every_parameter(
    schedule: Callable, project: Path
) -> None:
    text = schedule(
        '[[report]]\nname = "fraud"\ncron = "0 7 * * 1"\n'
        'parameters = { stream = "my data/50%", settings = { lr = 0.1 } }\n'
    ).crontab()
    assert "CRON_TZ=UTC\n" in text
    line = text.splitlines()[-1]
    assert line.startswith(f"0 7 * * 1 cd {project} && ")
    assert "report fraud -p 'stream=my data/50\\%' -p 'settings={\"lr\":0.1}'" in line


def test_words_that_cron_does_not_know_are_refused_in_a_crontab(schedule: Callable) -> None:
    schedule(WEEKLY.replace("MON", "MON#1")).upcoming(MONDAY)
    with pytest.raises(ParameterError, match=r"MON#1.*schedule run"):
        schedule(WEEKLY.replace("MON", "MON#1")).crontab()
    assert "JUL" in schedule(WEEKLY.replace("* * MON", "* JUL MON")).crontab()


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (WEEKLY + WEEKLY.replace("7 *", "77 *"), 7, r"'0 77 \* \* MON'"),
        (WEEKLY.replace("0 7 * * MON", "0 0 7 * * MON"), 3, "minute, hour"),
        (WEEKLY.replace("0 7 * * MON", "0 0 31 2 *"), 3, "minute, hour"),
        (WEEKLY.replace('cron = "0 7 * * MON"\n', ""), 1, "None"),
        (WEEKLY.replace('"fraud"', '"frod"'), 2, "'frod'.*fraud"),
        (WEEKLY.replace("cron", "when"), 3, "'when'.*name, cron, parameters"),
        (WEEKLY.replace("{ budget = 50 }", "50"), 4, "50.*a table"),
        ('timezone = "Mars/Base"\n' + WEEKLY, 1, "Mars/Base.*Europe/Berlin"),
        ("# why\nzone = 1\n" + WEEKLY, 2, "'zone'"),
        ("report = 1\n", 1, "report"),
        ("[[report]\n", 1, "TOML"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named_with_its_line(
    schedule: Callable, text: str, line: int, says: str
) -> None:
    with pytest.raises(ParameterError, match=f"line {line}\\b.*{says}"):
        schedule(text)


def test_a_schedule_that_is_not_there_is_refused(project: Path) -> None:
    with pytest.raises(ParameterError, match=r"schedule\.toml"):
        Schedule.load()


def test_a_new_entry_is_first_due_at_its_next_time(schedule: Callable, world: World) -> None:
    plan = schedule(WEEKLY)
    assert world.run(plan) == 0
    assert world.made == []
    assert world.run(plan, timedelta(minutes=29)) == 0
    assert world.made == []
    assert world.run(plan, timedelta(minutes=1)) == 0
    assert world.made == [{"budget": 50}]
    assert world.run(plan, timedelta(minutes=1)) == 0
    assert world.made == [{"budget": 50}]


def test_times_that_were_missed_are_caught_up_once(schedule: Callable, world: World) -> None:
    plan = schedule(WEEKLY)
    world.run(plan)
    world.run(plan, timedelta(days=30))
    world.run(plan, timedelta(minutes=1))
    assert len(world.made) == 1


def test_a_report_that_fails_is_counted_and_tried_at_its_next_time(
    schedule: Callable, world: World
) -> None:
    plan = schedule(WEEKLY)
    world.run(plan)
    world.error = CheckFailed("cell 3 failed")
    assert world.run(plan, timedelta(hours=1)) == 1
    assert world.said == ["fraud: cell 3 failed"]
    assert world.run(plan, timedelta(hours=1)) == 0
    assert world.run(plan, timedelta(days=7)) == 1


def test_one_that_was_stopped_on_its_way_is_made_again(schedule: Callable, world: World) -> None:
    plan = schedule(WEEKLY)
    world.run(plan)
    world.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        world.run(plan, timedelta(hours=1))
    world.error = None
    world.run(plan, timedelta(minutes=1))
    assert len(world.made) == 2


def test_the_same_report_is_never_made_twice_at_once(
    schedule: Callable, world: World, project: Path
) -> None:
    plan = schedule(WEEKLY)
    world.run(plan)
    with locked(project / "reports/.schedule/fraud.lock"):
        world.run(plan, timedelta(hours=1))
    assert world.made == []
    assert "another one is being made" in world.said[0]
    world.run(plan)
    assert len(world.made) == 1


def test_the_loop_sleeps_until_the_next_time_and_looks_at_the_clock_meanwhile(
    schedule: Callable, world: World
) -> None:
    class StoppedError(Exception):
        pass

    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        world.time += timedelta(seconds=seconds)
        if world.made:
            raise StoppedError

    plan = schedule(WEEKLY)
    with pytest.raises(StoppedError):
        world.run(plan, timedelta(minutes=28, seconds=45), once=False, sleep=sleep)
    assert slept[:3] == [30.0, 30.0, 15.0]
    assert len(world.made) == 1


def test_a_loop_without_entries_ends(schedule: Callable, world: World) -> None:
    assert world.run(schedule(""), once=False) == 0
    assert "no entries" in world.said[0]
