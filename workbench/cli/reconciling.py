"""``reconcile``: whether Kafka, the index and the desk hold the same."""

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import options, output
from workbench.cli.options import AsJson, CaseName, From, TopicPrefix, Until

if TYPE_CHECKING:
    from workbench.live.reconcile.report import Relation, Report

#: The most hours that a table shows.
SHOWN = 50


def reconcile(
    case: CaseName,
    topics: TopicPrefix = None,
    start: From = None,
    until: Until = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Write and send again what the index and the desk miss or hold otherwise.",
            show_default="only compare",
        ),
    ] = False,
    json: AsJson = False,
) -> None:
    """Compare Kafka, the index and the desk, and repair the last two.

    Events, scores and alerts are compared by hour and then, where hours differ, by id. The exit
    code is 1 while anything differs.
    """
    from workbench.case import get_case
    from workbench.live.reconcile.entries import Window
    from workbench.live.reconcile.reconcile import EVERYTHING
    from workbench.live.reconcile.reconcile import reconcile as compare
    from workbench.live.settings import Settings
    from workbench.live.topics import Topics
    from workbench.moments import ticks

    first, last = (ticks(time) for time in options.span(start, until))
    window = Window(
        EVERYTHING.start if first is None else first, EVERYTHING.until if last is None else last
    )
    found = get_case(case)
    report = compare(Settings.load(), found, Topics(topics or found.name), window, repair=repair)
    if json:
        output.json(report.to_dict())
    else:
        _show(report)
    if report.differs:
        raise typer.Exit(1)


def _show(report: "Report") -> None:
    from workbench.live.reconcile.report import FAULTS

    rows = [
        [relation.what, *(f"{count:,}" for count in relation.counted)]
        + [f"{relation.count(fault):,}" for fault in FAULTS]
        for relation in report.relations
    ]
    heads = ["compared", "expected", "found", *FAULTS]
    output.table(rows, heads, heads[1:])
    for relation in report.relations:
        if relation.differs:
            _show_hours(relation)
    for relation in report.relations:
        if relation.quarantined:
            output.say(f"{relation.what}: {relation.quarantined:,} are in quarantine instead.")
    for what, count in report.repaired.items():
        output.say(f"{what}: {count:,} were repaired.")
    for note in report.notes:
        output.say(note)
    output.say("There are differences." if report.differs else "Nothing differs.")


def _show_hours(relation: "Relation") -> None:
    from workbench.live.reconcile.report import FAULTS

    heads = [relation.what, "expected", "found", *FAULTS]
    rows = [
        [f"{hour['hour'][:16]}Z", f"{hour['expected']:,}", f"{hour['found']:,}"]
        + [f"{hour[fault]:,}" for fault in FAULTS]
        for hour in relation.hours[:SHOWN]
    ]
    output.say("")
    output.table(rows, heads, heads[1:])
    if len(relation.hours) > SHOWN:
        output.say(f"and {len(relation.hours) - SHOWN:,} more hours")
    for fault, ids in relation.ids.items():
        if ids:
            more = relation.count(fault) - len(ids)
            named = ", ".join(map(output.printable, ids)) + (f" and {more:,} more" if more else "")
            output.say(f"{fault}: {named}")
    output.say("")
