"""Studies: searching detectors and settings, and confirming the choice on a later span."""
