from __future__ import annotations

from hypothesis import settings

# The same examples on every machine and every run; nothing is kept between runs.
settings.register_profile("workbench", derandomize=True, database=None, deadline=None)
settings.load_profile("workbench")
