"""Places in the array of the engine's counters."""

from __future__ import annotations

EVENTS = 0  # interactions learned: the engine's clock
ITEMS = 1  # slots of items that were ever in use
FREE_ITEMS = 2  # of these, those that are free again
NUMBERED = 3  # items with an article number
BORN = 4  # items that were ever given a slot
SESSIONS = 5  # sessions that were ever given a slot
VISITORS = 6
FREE_VISITORS = 7
MOMENTS = 8  # events of any kind, stock too: what "least recently" is measured in
FORGOTTEN_ITEMS = 9
FORGOTTEN_SESSIONS = 10
FORGOTTEN_VISITORS = 11
CAPPED_SESSIONS = 12  # sessions that were longer than is learned from
CAPPED_EVENTS = 13  # their events that were not learned

COUNTERS = 16
