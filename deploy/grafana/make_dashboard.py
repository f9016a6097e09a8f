"""Write ``dashboards/workbench.json``: one page that answers whether a live case is well.

    python deploy/grafana/make_dashboard.py

Panels are written here in PromQL; the file that Grafana reads is made from them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).parent / "dashboards" / "workbench.json"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
#: Which series: by the variable above the page.
HERE = 'topics=~"$topics"'
WIDTH = 24


class Panel(NamedTuple):
    """One picture: title, unit, and its queries with the names of their lines."""

    title: str
    unit: str
    queries: dict[str, str]
    about: str = ""
    kind: str = "timeseries"
    width: int = 8
    height: int = 7


def rate(name: str, by: str = "topics", where: str = "") -> str:
    """Return the query of a counter's rate."""
    chosen = f"{HERE}, {where}" if where else HERE
    return f"sum by ({by}) (rate(workbench_{name}_total{{{chosen}}}[$__rate_interval]))"


def quantile(share: float, name: str) -> str:
    """Return the query of a quantile of a histogram."""
    buckets = f"rate(workbench_{name}_bucket{{{HERE}}}[$__rate_interval])"
    return f"histogram_quantile({share}, sum by (topics, le) ({buckets}))"


def quantiles(name: str) -> dict[str, str]:
    """Return the queries of the median and two high quantiles."""
    return {
        f"{text} {{{{topics}}}}": quantile(share, name)
        for text, share in (("median", 0.5), ("95 %", 0.95), ("99 %", 0.99))
    }


ROWS: dict[str, list[Panel]] = {
    "Is it well?": [
        Panel(
            "Alerts that fire",
            "none",
            {"firing": 'count(ALERTS{alertstate="firing", alertname!=""}) or vector(0)'},
            "Rules: deploy/prometheus/rules.yml.",
            "stat",
            4,
            4,
        ),
        Panel(
            "Processes that answer",
            "none",
            {"up": 'sum(up{job="workbench"})', "of": 'count(up{job="workbench"})'},
            kind="stat",
            width=4,
            height=4,
        ),
        Panel(
            "Ready",
            "bool_yes_no",
            {"{{role}}": f"min by (role) (workbench_ready{{{HERE}}})"},
            kind="stat",
            width=8,
            height=4,
        ),
        Panel(
            "Since the last sign of work",
            "s",
            {"{{role}}": f"time() - max by (role) (workbench_heartbeat_seconds{{{HERE}}})"},
            kind="stat",
            width=8,
            height=4,
        ),
    ],
    "Scores": [
        Panel(
            "Events, labels and scores",
            "ops",
            {
                "events {{topics}}": rate("events", where='role="worker"'),
                "labels {{topics}}": rate("labels", where='role="worker"'),
                "scores {{topics}}": rate("scores"),
                "shadow {{topics}}": rate("shadow_scores"),
            },
        ),
        Panel(
            "From produced to committed score",
            "s",
            quantiles("score_latency_seconds"),
            "Aim: 99 % within half a second at 1,000 events a second.",
        ),
        Panel(
            "Where the time goes (99 %)",
            "s",
            {
                "batch {{topics}}": quantile(0.99, "batch_seconds"),
                "transaction {{topics}}": quantile(0.99, "transaction_seconds"),
                "checkpoint {{topics}}": quantile(0.99, "checkpoint_seconds"),
            },
        ),
        Panel(
            "Distribution of scores",
            "short",
            {
                "{{le}}": "sum by (le) "
                f"(increase(workbench_score_bucket{{{HERE}}}[$__rate_interval]))"
            },
            kind="heatmap",
        ),
        Panel(
            "Scores above one half",
            "percentunit",
            {
                "last hour {{topics}}": f"workbench:score_above_half:share1h{{{HERE}}}",
                "last day {{topics}}": f"workbench:score_above_half:share1d{{{HERE}}}",
            },
            "Where the two part, inputs or the detector have changed.",
        ),
        Panel("Alerts by severity", "ops", {"{{severity}}": rate("alerts", "severity")}),
    ],
    "How far behind": [
        Panel(
            "Messages that wait",
            "short",
            {"{{role}}: {{topic}}": f"sum by (role, topic) (workbench_lag_offsets{{{HERE}}})"},
        ),
        Panel(
            "Event time behind what was read",
            "s",
            {"{{topics}}": f"max by (topics) (workbench_lag_event_seconds{{{HERE}}})"},
        ),
        Panel(
            "Watermark",
            "dateTimeAsIso",
            {"{{topics}}": f"1000 * max by (topics) (workbench_watermark_seconds{{{HERE}}})"},
            "Event time up to which everything is processed.",
        ),
    ],
    "What comes in": [
        Panel(
            "Quarantine, and values taken as missing, by reason",
            "ops",
            {
                "{{reason}}": rate("quarantined", "reason"),
                "missing: {{reason}}": rate("cleared", "reason"),
            },
        ),
        Panel(
            "Late, and there before",
            "ops",
            {
                "late {{topics}}": rate("late_events"),
                "there before, {{role}}": rate("duplicates", "role"),
            },
        ),
        Panel("Delay of labels", "s", quantiles("label_delay_seconds")),
    ],
    "After Kafka": [
        Panel(
            "Alerts to the queue",
            "ops",
            {
                "committed": rate("alerts", "topics"),
                "confirmed": rate("relay_confirms", "topics"),
                "kept by the desk": rate("desk_alerts", "topics"),
            },
        ),
        Panel("Until confirmed", "s", quantiles("relay_confirm_seconds")),
        Panel(
            "Index",
            "ops",
            {"taken": rate("index_documents"), "refused": rate("index_failed")},
        ),
        Panel(
            "In flight",
            "short",
            {"{{role}}: {{sink}}": f"max by (role, sink) (workbench_sink_in_flight{{{HERE}}})"},
        ),
        Panel(
            "Attempts again, and restarts",
            "ops",
            {
                "{{role}}: {{sink}}": rate("retries", "role, sink"),
                "restarts {{topics}}": rate("restarts"),
            },
        ),
    ],
    "Processes": [
        Panel(
            "Memory",
            "bytes",
            {"{{instance}}": 'process_resident_memory_bytes{job="workbench"}'},
            width=12,
        ),
        Panel(
            "Processors in use",
            "none",
            {"{{instance}}": 'rate(process_cpu_seconds_total{job="workbench"}[$__rate_interval])'},
            width=12,
        ),
    ],
}


def dashboard() -> dict[str, Any]:
    """Return the page as Grafana has it."""
    panels: list[dict[str, Any]] = []
    x = y = low = 0
    for title, row in ROWS.items():
        x, y = 0, low
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
                "panels": [],
            }
        )
        y += 1
        for panel in row:
            if x + panel.width > WIDTH:
                x, y = 0, y + panel.height
            place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            panels.append(_drawn(panel, len(panels) + 1, place))
            x, low = x + panel.width, y + panel.height
    return {
        "uid": "workbench",
        "title": "Workbench: live cases",
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "tags": ["workbench"],
        "timezone": "utc",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_variable()]},
        "annotations": {"list": []},
        "panels": panels,
    }


def _drawn(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    heatmap = panel.kind == "heatmap"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": {"calculate": False} if heatmap else {},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": query,
                "legendFormat": name,
                "format": "heatmap" if heatmap else "time_series",
                "instant": panel.kind == "stat",
                "range": panel.kind != "stat",
            }
            for index, (name, query) in enumerate(panel.queries.items())
        ],
    }


def _variable() -> dict[str, Any]:
    return {
        "name": "topics",
        "label": "Topics",
        "type": "query",
        "datasource": SOURCE,
        "query": "label_values(workbench_ready, topics)",
        "refresh": 2,
        "includeAll": True,
        "allValue": ".+",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
        "sort": 1,
    }


def text() -> str:
    """Return the file's text."""
    return json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
