"""Vital signs at the bedside: fewer alarms of deterioration, earlier ones.

A research tool, not a medical device: nothing in it may decide on anybody's care.
"""

from workbench.case import Case
from workbench.cases.vitals.schema import SCHEMA

CASE = Case(
    name="vitals",
    title="Deterioration of patients at the bedside",
    schema=SCHEMA,
    label="the patient deteriorates within hours, or has just done so",
    label_delay="1d",
    features="workbench.cases.vitals.features:FEATURES",
    detectors="workbench.cases.vitals.detectors:DETECTORS",
    default_detector="additive",
    simulate="workbench.cases.vitals.simulator:simulate",
    presets={
        "physionet2019": "workbench.cases.vitals.physionet:PHYSIONET",
        "fhir": "workbench.cases.vitals.fhir:FHIR",
    },
    notices="workbench.cases.vitals.notices:notice",
    evaluate="workbench.cases.vitals.metrics:evaluate",
    compare="workbench.cases.vitals.metrics:compare",
    objective="workbench.cases.vitals.metrics:utility",
    plots="workbench.cases.vitals.plots:plot",
    report="vitals/report.ipynb",
    evaluation_columns=(
        "patient",
        "device",
        "ward",
        "care_unit",
        "stay_hour",
        "respiration",
        "spo2",
        "spo2_scale",
        "systolic",
        "mean_pressure",
        "diastolic",
        "heart_rate",
        "temperature",
    ),
    alerts="workbench.cases.vitals.metrics:alerts",
    policy="workbench.cases.vitals.alarms:Alarms",
    forget_after="60d",
)
