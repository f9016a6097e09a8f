"""Who may do what at the search engine: a user for each process that asks it, with the least.

A right is a method and the paths for which it is given. What is in a request's body is not looked
into: who may write in bulk may write to any index that is there.
"""

from __future__ import annotations

from typing import NamedTuple

#: May do everything.
ADMIN = "elastic"

_ALIAS = "[a-z0-9][a-z0-9._-]*-(scores|alerts)"
_DAY = f"{_ALIAS}-[0-9]{{4}}[.][0-9]{{2}}[.][0-9]{{2}}"
_DAYS = f"{_ALIAS}-[*](,{_ALIAS}-[*])*"


class Right(NamedTuple):
    """What may be asked.

    Attributes
    ----------
    methods
        HTTP methods.
    path
        A regular expression for the whole path.
    """

    methods: tuple[str, ...]
    path: str


_SEARCH = Right(("GET", "POST"), f"/{_ALIAS}/_search")
_TEMPLATE = f"/_index_template/{_ALIAS}"
#: To write documents, and to make and remove the days in which they lie.
_FILL = (
    Right(("PUT",), _TEMPLATE),
    Right(("GET",), f"/{_DAYS}/_alias"),
    Right(("PUT", "DELETE"), f"/{_DAY}"),
    Right(("POST",), "/_bulk"),
)

#: By principal; who is not named has no user there.
RIGHTS: dict[str, tuple[Right, ...]] = {
    "relay-index": _FILL,
    # Looks at all that is there, page by page, and writes what is missing.
    "reconcile": (
        _SEARCH,
        Right(("POST", "DELETE"), "/_search/scroll"),
        Right(("POST",), f"/{_ALIAS}/_refresh"),
        Right(("GET",), _TEMPLATE),
        *_FILL,
    ),
    "tail": (_SEARCH,),
}
