"""What can go wrong, as one tree.

::

    WorkbenchError              exit code 2 unless said otherwise
    ├── BadInput                a value that was given cannot be used
    │   ├── StreamError         a recorded stream is missing, damaged or of another case
    │   ├── ParameterError      an option or a parameter has an impossible value
    │   └── ArtifactError       an artifact is missing, damaged or too new
    ├── ServiceError            a server cannot be had, does not start or does not answer
    ├── CheckFailed             the work was done and a check failed (exit code 1)
    └── Interrupted             stopped by the user (exit code 130)

Every message says three things: the value, what is allowed, and what to do.
"""

from __future__ import annotations

from typing import ClassVar, Self


class WorkbenchError(Exception):
    """Base of every error that the workbench raises on purpose."""

    exit_code: ClassVar[int] = 2


class BadInput(WorkbenchError):
    """A value that was given cannot be used.

    Examples
    --------
    >>> raise ParameterError.of("--days 0", allowed="a number of days from 1 to 3650",
    ...                         hint="leave it out for 60 days")
    Traceback (most recent call last):
    ...
    workbench.errors.ParameterError: --days 0 cannot be used: allowed is a number of days from 1 to
    3650; leave it out for 60 days.
    >>> str(ParameterError.of("itms", allowed="items", hint="did you mean items?"))
    'itms cannot be used: allowed is items; did you mean items?'
    """

    @classmethod
    def of(cls, value: str, *, allowed: str, hint: str) -> Self:
        """Build the error from the value, what is allowed instead, and what to do."""
        advice = hint if hint.endswith("?") else f"{hint.rstrip('.')}."
        return cls(f"{value} cannot be used: allowed is {allowed}; {advice}")


class StreamError(BadInput):
    """A recorded stream is missing, damaged, empty or of another case."""


class ParameterError(BadInput):
    """An option or a parameter has an impossible value."""


class ArtifactError(BadInput):
    """An artifact is missing, damaged, or written by a newer version."""


class ServiceError(WorkbenchError):
    """A server cannot be had on this machine, does not start or does not answer."""


class CheckFailed(WorkbenchError):
    """The work was done and a check failed."""

    exit_code: ClassVar[int] = 1


class Interrupted(WorkbenchError):
    """The user stopped the work; what exists is whole and can be resumed."""

    exit_code: ClassVar[int] = 130
