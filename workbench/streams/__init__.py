"""Recorded streams: folders of Parquet parts with a manifest, and how they come to be.

- :mod:`~workbench.streams.schema`: what a case's events look like.
- :mod:`~workbench.streams.recorded`: opening a stream and reading it in batches.
- :mod:`~workbench.streams.writer`: writing one, whole or not at all.
- :mod:`~workbench.streams.importer`: from CSV, JSON lines or Parquet, by a preset or a mapping.
- :mod:`~workbench.streams.validation`: which rows go to quarantine, and why.
- :mod:`~workbench.streams.inspection`: a stream at a glance.
"""
