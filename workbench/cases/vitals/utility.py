"""What an alarm is worth at each hour: the utility of the PhysioNet/CinC Challenge 2019.

Reyna et al., *Early Prediction of Sepsis From Clinical Data: The PhysioNet/Computing in Cardiology
Challenge 2019*, Critical Care Medicine 48:210-217 (2020), as its official scorer computes it. The
scorer takes the hours of a stay with a prediction and a label each; a label turns 1 six hours
before the onset of sepsis.

An alarm in an hour gains what it is worth there less what silence is worth: in patients who become
septic up to 1 at six hours before the onset, and, counting the penalty for silence, up to 2 at
three hours after it; -0.05 in all other hours. The *normalised utility* is the gain of the alarms
as a share of the most that can be gained: 1 is perfect, 0 is no alarm at all.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.durations import HOUR

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

EARLY: Final = -12.0
"""Hours from the onset from which on an alarm is not too early."""
OPTIMAL: Final = -6.0
"""Where an alarm is worth most; labels turn 1 here."""
LATE: Final = 3.0
"""Until when an alarm still helps."""
FALSE_ALARM: Final = -0.05
MISSED: Final = -2.0


def from_onset(stay: Indices, time: Indices, label: npt.NDArray[np.int8]) -> Floats:
    """Return the hours from each observation's onset; NaN in stays without one.

    Parameters
    ----------
    stay
        Code of the stay of each observation, from 0, shape (n,).
    time
        In µs from wherever, shape (n,): in whole numbers, so that whole hours are met exactly.
    label
        1 from six hours before the onset on, shape (n,).

    Examples
    --------
    >>> from_onset(np.zeros(3, int), np.array([8, 9, 10]) * HOUR, np.array([0, 1, 1], np.int8))
    array([-7., -6., -5.])
    """
    never = np.iinfo(np.int64).max
    first = np.full(int(stay.max(initial=-1)) + 1, never)
    positive = label != 0
    np.minimum.at(first, stay[positive], time[positive])
    since = time - first[stay]
    return np.where(first[stay] == never, np.nan, since / HOUR + OPTIMAL)


def gain(hours: Floats) -> Floats:
    """Return what an alarm gains over silence.

    Parameters
    ----------
    hours
        From the onset, as :func:`from_onset` gives them.

    Examples
    --------
    >>> gain(np.array([-13.0, -9.0, -6.0, 3.0, 4.0, np.nan])).round(3)
    array([-0.05,  0.5 ,  1.  ,  2.  ,  0.  , -0.05])
    """
    rising = np.maximum((hours - EARLY) / (OPTIMAL - EARLY), FALSE_ALARM)
    alarm = (LATE - hours) / (LATE - OPTIMAL)
    silence = MISSED * (hours - OPTIMAL) / (LATE - OPTIMAL)
    gains = np.where(hours <= OPTIMAL, rising, np.where(hours <= LATE, alarm - silence, 0.0))
    return np.where(np.isnan(hours), FALSE_ALARM, gains)


def attainable(hours: Floats) -> Floats:
    """Return the gain of an alarm where the best predictions raise one, and 0 elsewhere.

    Examples
    --------
    >>> attainable(np.array([-13.0, -12.0, -6.0, 4.0]))
    array([0., 0., 1., 0.])
    """
    return np.where((hours >= EARLY) & (hours <= LATE), gain(hours), 0.0)


def normalised_utility(alarm: Flags, hours: Floats) -> float:
    """Return the gain of all alarms as a share of the most that can be gained.

    Parameters
    ----------
    alarm
        Whether there is an alarm in each hour of each stay, shape (n,).
    hours
        From the onset, shape (n,); NaN in stays without one.

    Returns
    -------
    float
        NaN if no stay has an onset.

    Examples
    --------
    >>> hours = np.array([-7.0, -6.0, -5.0])
    >>> normalised_utility(np.array([True, True, True]), hours)
    1.0
    >>> round(normalised_utility(np.array([False, True, False]), hours), 3)
    0.34
    """
    most = float(attainable(hours).sum())
    return float(gain(hours)[alarm].sum()) / most if most > 0 else float("nan")


def best_threshold(score: Floats, hours: Floats) -> float:
    """Return the threshold at which alarms (scores at or above it) gain most.

    Of equally good ones the highest; infinity if any alarm loses.

    Examples
    --------
    >>> best_threshold(np.array([0.2, 0.9, 0.5]), np.array([np.nan, -6.0, -5.0]))
    0.5
    """
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    total = np.cumsum(gain(hours)[order])
    whole = np.append(falling[1:] != falling[:-1], True)[: len(falling)]
    total[~whole] = -np.inf
    best = int(np.argmax(total)) if len(total) else 0
    return float(falling[best]) if len(total) and total[best] > 0 else float("inf")
