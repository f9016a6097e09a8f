"""Scores and alerts in a search engine: OpenSearch or Elasticsearch, through one thin place.

- :mod:`~workbench.live.index.engine`: the connection, and what went wrong with it in plain words.
- :mod:`~workbench.live.index.layout`: names, mappings and daily indices.
- :mod:`~workbench.live.index.documents`: from a message on a topic to what is searched.
- :mod:`~workbench.live.index.writing`: many at once, and only what failed again.
- :mod:`~workbench.live.index.retention`: indices made when a day begins, removed when it is old.
- :mod:`~workbench.live.index.relay`: from Kafka into the index, again and again the same.
- :mod:`~workbench.live.index.questions`: the usual questions, and their answers.
"""
