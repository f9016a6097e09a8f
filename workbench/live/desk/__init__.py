"""The desk: alerts in a database, each once, and what analysts say of them.

- :mod:`~workbench.live.desk.database`: where it is, and what went wrong with it in plain words.
- :mod:`~workbench.live.desk.tables`: what is kept.
- :mod:`~workbench.live.desk.keeping`: from the queues into the database.
- :mod:`~workbench.live.desk.verdicts`: an analyst's verdict, which becomes a label.
"""
