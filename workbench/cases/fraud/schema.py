"""The columns of a card transaction."""

from workbench.streams.schema import Column, Schema

SCHEMA = Schema(
    version=1,
    columns=(
        Column("card", "text", "The card that paid", entity=True),
        Column("terminal", "text", "The terminal or shop that was paid", entity=True),
        Column(
            "amount",
            "integer",
            "Amount of the transaction",
            unit="minor units",
            minimum=0,
            maximum=1_000_000_00,
        ),
        Column(
            "area",
            "text",
            "Area in which the terminal stands",
            required=False,
            entity=True,
        ),
    ),
    routing="card",
)
