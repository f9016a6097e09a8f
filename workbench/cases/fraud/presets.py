"""Card transactions of others: which of their columns is which of ours."""

from workbench.streams.mapping import FieldSource, LabelSource, Mapping, PatternSource, TimeSource

HANDBOOK = Mapping(
    event_id="TRANSACTION_ID",
    event_time=TimeSource(column="TX_DATETIME"),
    columns={
        "card": FieldSource(column="CUSTOMER_ID"),
        "terminal": FieldSource(column="TERMINAL_ID"),
        "amount": FieldSource(column="TX_AMOUNT", scale=100),
    },
    label=LabelSource(column="TX_FRAUD"),
    pattern=PatternSource(
        column="TX_FRAUD_SCENARIO",
        prefix="scenario ",
        optional=True,
        about={
            "scenario 1": "Every transaction above an amount of 220",
            "scenario 2": "A terminal is compromised: every transaction there for 28 days",
            "scenario 3": "A card's data leak: for 14 days a third of its transactions, "
            "at five times the amount",
        },
    ),
    ignore=("TX_TIME_SECONDS", "TX_TIME_DAYS"),
)
"""Transactions of the Fraud Detection Handbook's simulator (Le Borgne et al., 2022, chapter 3).

Times carry no zone and are UTC. Labels carry no ``known_at``: the handbook takes them to be
known seven days later, which ``--label-delay 7d`` says.
"""
