"""The columns of what happens in an online shop: views, cart additions, purchases, stock levels."""

from workbench.detectors.recommender import KINDS, STOCK
from workbench.streams.schema import Column, Schema

INTERACTIONS = KINDS[:STOCK]
"""Kinds of events that a visitor causes; the one that is left says how many there are."""

SCHEMA = Schema(
    version=1,
    columns=(
        Column(
            "session",
            "text",
            "The visit or invoice that the interaction is part of",
            required=False,
            required_when=("kind", INTERACTIONS),
            entity=True,
        ),
        Column("visitor", "text", "Who it was, where known", required=False, entity=True),
        Column("item", "text", "The article", entity=True),
        Column("kind", "text", "What happened: " + ", ".join(KINDS), allowed=KINDS),
        Column(
            "quantity",
            "integer",
            "How many were put into the cart or bought",
            unit="pieces",
            required=False,
            minimum=1,
        ),
        Column(
            "price",
            "integer",
            "Price of one piece",
            unit="minor units",
            required=False,
            minimum=0,
        ),
        Column(
            "on_hand",
            "integer",
            "Stock level: how many are known to be left",
            unit="pieces",
            required=False,
            required_when=("kind", KINDS[STOCK:]),
            minimum=0,
        ),
        Column("title", "text", "Description of the article", required=False),
    ),
    routing="item",
)
