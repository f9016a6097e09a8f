"""What there is to sell: departments with their nouns, styles, colours, sizes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Department:
    """Articles of one use.

    Parameters
    ----------
    name
        In the ground truth.
    nouns
        What there is, as titles have it.
    price
        Median price in minor units.
    beside
        Departments in which people look next.
    """

    name: str
    nouns: tuple[str, ...]
    price: float
    beside: tuple[str, ...]


DEPARTMENTS = (
    Department("kitchen", ("mug", "plate", "bowl", "jug", "teapot"), 5_50, ("dining", "baking")),
    Department(
        "baking",
        ("cake tin", "cookie cutter", "rolling pin", "apron", "mixing bowl"),
        6_50,
        ("kitchen", "party"),
    ),
    Department(
        "dining",
        ("napkin set", "tablecloth", "cutlery set", "serving tray", "glass"),
        7_50,
        ("candles", "kitchen"),
    ),
    Department(
        "candles",
        ("pillar candle", "tea light holder", "lantern", "candlestick", "scented candle"),
        4_50,
        ("dining", "bathroom"),
    ),
    Department(
        "garden",
        ("planter", "bird feeder", "watering can", "garden sign", "seed box"),
        9_50,
        ("spring decoration", "storage"),
    ),
    Department(
        "spring decoration",
        ("egg basket", "bunny figure", "wreath", "ribbon garland", "egg cup"),
        4_00,
        ("garden", "candles"),
    ),
    Department(
        "winter warmers",
        ("hot water bottle", "hand warmer", "blanket", "slippers", "snow globe"),
        8_00,
        ("textiles", "candles"),
    ),
    Department(
        "stationery",
        ("notebook", "pencil set", "wrapping paper", "greeting card", "sticker set"),
        2_50,
        ("party", "bags"),
    ),
    Department(
        "party",
        ("balloon set", "paper cups", "bunting", "paper plates", "party hat"),
        3_00,
        ("stationery", "dining"),
    ),
    Department(
        "toys",
        ("jigsaw", "skipping rope", "rag doll", "building blocks", "money box"),
        7_00,
        ("party", "bags"),
    ),
    Department(
        "bags",
        ("shopper", "lunch bag", "backpack", "purse", "wash bag"),
        8_50,
        ("jewellery", "stationery"),
    ),
    Department(
        "bathroom",
        ("soap dish", "towel", "bath mat", "soap", "mirror"),
        6_00,
        ("candles", "storage"),
    ),
    Department(
        "storage",
        ("storage tin", "wicker basket", "wooden box", "coat hanger", "drawer knob"),
        6_50,
        ("wall", "kitchen"),
    ),
    Department(
        "wall",
        ("picture frame", "wall clock", "hook board", "metal sign", "photo album"),
        8_00,
        ("storage", "textiles"),
    ),
    Department(
        "textiles",
        ("cushion", "throw", "curtain", "rug", "doormat"),
        14_00,
        ("wall", "winter warmers"),
    ),
    Department(
        "jewellery",
        ("necklace", "bracelet", "earrings", "brooch", "hair clip"),
        5_00,
        ("bags", "stationery"),
    ),
)
STYLES = (
    *("polka dot", "retro", "floral", "woodland", "nautical", "rustic"),
    *("striped", "paisley", "starry", "gingham", "botanical", "tartan"),
)
COLOURS = ("red", "blue", "green", "ivory", "pink", "grey", "yellow", "black")
SIZES = ("", "small", "large", "mini", "folding", "deluxe")


def department_number(name: str) -> int:
    """Return a department's position.

    Examples
    --------
    >>> department_number("candles")
    3
    """
    return [d.name for d in DEPARTMENTS].index(name)
