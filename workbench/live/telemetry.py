"""Telemetry of one process: counted in the process, asked for by Prometheus.

Cheap enough for every batch, and safe from any thread: a count is one addition, and a histogram
takes a whole batch of values in one call. What can be measured is declared in
:mod:`~workbench.live.metrics`.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from workbench.live.health import Health, serve
from workbench.live.metrics import EVERY, METRICS, PREFIX, VALUES, Kind, Metric, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric as Family

__all__ = ["Telemetry", "serve"]

Labels = tuple[str, ...]
Values = float | npt.NDArray[np.floating | np.integer]


class Telemetry(Collector):
    """What one process has counted and measured.

    Parameters
    ----------
    role
        Which process: ``worker``, ``recorder``, ``publisher``, ``relay-alerts``,
        ``relay-index`` or ``desk``.
    prefix
        Of the topics that it works on.

    Attributes
    ----------
    registry
        What Prometheus is told, the process's memory, time and open files included.
    health
        Whether the process goes on, and whether it is ready.

    Examples
    --------
    >>> telemetry = Telemetry("worker", "fraud")
    >>> telemetry.count("events", 3)
    >>> telemetry.observe("score", np.array([0.1, 0.7]))
    >>> telemetry.registry.get_sample_value(
    ...     "workbench_events_total", {"role": "worker", "topics": "fraud"})
    3.0
    """

    def __init__(self, role: str, prefix: str) -> None:
        self.role = role
        self.prefix = prefix
        self.health = Health()
        self.registry = CollectorRegistry(auto_describe=False)
        self._lock = threading.Lock()
        self._numbers: defaultdict[str, dict[Labels, float]] = defaultdict(dict)
        self._histograms: defaultdict[str, dict[Labels, _Histogram]] = defaultdict(dict)
        # From zero on: the first count of a series that was not there is no increase.
        for name, metric in METRICS.items():
            if role in metric.roles:
                self._begin(name, metric)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter.

        Raises
        ------
        KeyError
            If there is no such counter or label: see :mod:`~workbench.live.metrics`.
        """
        key = _key(name, "counter", labels)
        with self._lock:
            numbers = self._numbers[name]
            numbers[key] = numbers.get(key, 0.0) + amount

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge.

        Raises
        ------
        KeyError
            If there is no such gauge or label.
        """
        key = _key(name, "gauge", labels)
        with self._lock:
            self._numbers[name][key] = float(value)

    def observe(self, name: str, value: Values, **labels: str) -> None:
        """Add a value, or an array of values, to a histogram; what is no number is left out.

        Raises
        ------
        KeyError
            If there is no such histogram or label.
        """
        key = _key(name, "histogram", labels)
        with self._lock:
            histograms = self._histograms[name]
            if key not in histograms:
                histograms[key] = _Histogram(METRICS[name].buckets)
            histograms[key].add(value)

    def collect(self) -> Iterator[Family]:
        """Return everything, as Prometheus's client has it."""
        self.gauge("heartbeat_seconds", self.health.last)
        self.gauge("ready", self.health.ready)
        every = (self.role, self.prefix)
        with self._lock:
            for name, metric in METRICS.items():
                about = (PREFIX + name, metric.help)
                names = [*EVERY, *metric.labels]
                if metric.kind == "histogram":
                    family = HistogramMetricFamily(*about, labels=names)
                    for key, histogram in self._histograms[name].items():
                        family.add_metric([*every, *key], histogram.buckets(), histogram.sum)
                    yield family
                    continue
                kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
                numbers = kind(*about, labels=names)
                for key, value in self._numbers[name].items():
                    numbers.add_metric([*every, *key], value)
                yield numbers

    def _begin(self, name: str, metric: Metric) -> None:
        if metric.kind == "histogram":
            self._histograms[name][()] = _Histogram(metric.buckets)
        elif metric.kind == "counter":
            keys: list[Labels] = [
                (value,) for label in metric.labels for value in VALUES[label]
            ] or [()]
            self._numbers[name] = dict.fromkeys(keys, 0.0)


class _Histogram:
    """How many values lie at or below each bound, and their sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.sum = 0.0
        self._bounds = np.array(bounds)
        self._names = [*map(floatToGoString, bounds), "+Inf"]
        self._counts = np.zeros(len(bounds) + 1, np.int64)

    def add(self, value: Values) -> None:
        values = np.atleast_1d(np.asarray(value, np.float64))
        values = values[~np.isnan(values)]
        places = np.searchsorted(self._bounds, values, side="left")
        self._counts += np.bincount(places, minlength=len(self._counts))
        self.sum += float(values.sum())

    def buckets(self) -> list[tuple[str, float]]:
        return list(zip(self._names, np.cumsum(self._counts).tolist(), strict=True))


def _key(name: str, kind: Kind, labels: dict[str, str]) -> Labels:
    metric = METRICS.get(name)
    if metric is None or metric.kind != kind or labels.keys() != set(metric.labels):
        told = f"{kind} {name!r} with the labels {sorted(labels)}"
        raise KeyError(f"{told} is not declared in workbench.live.metrics")
    return tuple([value_of(label, labels[label]) for label in metric.labels])
