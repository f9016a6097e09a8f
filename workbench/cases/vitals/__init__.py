"""Vital signs at the bedside: fewer alarms of deterioration, earlier ones."""
