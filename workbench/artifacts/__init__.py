"""Artifacts: a detector as it was measured, verifiable, resumable, scored anywhere."""
