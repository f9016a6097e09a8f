"""Whether Kafka, the index and the desk hold the same, and what is to be done where they do not.

- :mod:`~workbench.live.reconcile.entries`: what is compared: an id, a time, a hash of the content.
- :mod:`~workbench.live.reconcile.log`, :mod:`~workbench.live.reconcile.index`,
  :mod:`~workbench.live.reconcile.desk`: where it is read, and how the desk gets what it misses.
- :mod:`~workbench.live.reconcile.comparing`: by hour first, then by id where hours differ.
- :mod:`~workbench.live.reconcile.report`: what was found.
- :mod:`~workbench.live.reconcile.reconcile`: all of it, and the repair.
"""
