"""Fraud in card transactions."""

from workbench.case import Case
from workbench.cases.fraud.schema import SCHEMA

CASE = Case(
    name="fraud",
    title="Fraud in card transactions",
    schema=SCHEMA,
    label="the transaction was fraudulent",
    label_delay="7d",
    features="workbench.cases.fraud.features:FEATURES",
    detectors="workbench.cases.fraud.detectors:DETECTORS",
    default_detector="additive",
    simulate="workbench.cases.fraud.simulator:simulate",
    presets={"handbook": "workbench.cases.fraud.presets:HANDBOOK"},
    evaluate="workbench.cases.fraud.metrics:evaluate",
    compare="workbench.cases.fraud.metrics:compare",
    objective="workbench.cases.fraud.metrics:average_precision",
    plots="workbench.cases.fraud.plots:plot",
    report="fraud/report.ipynb",
    evaluation_columns=("card", "terminal", "amount"),
    alerts="workbench.cases.fraud.metrics:alerts",
)
