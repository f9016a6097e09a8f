"""Of which sign each feature speaks: alarms are explained by signs, not by 283 features."""

from __future__ import annotations

import re
from typing import Final

from workbench.cases.vitals.features import (
    ALL,
    ATTENTION,
    LABS,
    SIGNS,
    lab_counts,
    sign_features,
)

_HISTORY: Final = re.compile(r"_(change|mean|max|sum)_\d+h$")

GROUPS: Final[dict[str, str]] = {
    **{f.name: _HISTORY.sub("", f.name) for f in ALL},
    **{f.name: sign for sign in SIGNS for f in sign_features(sign)},
    **{f.name: lab for lab in LABS for f in lab_counts(lab)},
    **{f.name: "attention" for f in ATTENTION},
}
"""Feature to sign, laboratory value or score; ``attention`` is how much staff measure."""
