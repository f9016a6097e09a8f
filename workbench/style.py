"""One look for all figures: it reads on white and on dark, and by colour-blind readers.

Figures have no background of their own. Text is the grey that contrasts as much with white as
with the dark of JupyterLab (4.4 to 1 both); lines lie between 3 to 1 and 5 to 1 on both. The hues
are those of Okabe and Ito's palette [1]_, at one middle lightness.

References
----------
.. [1] M. Okabe, K. Ito, *Color Universal Design*, 2008.
"""

from __future__ import annotations

import textwrap
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.typing import RcKeyType

TEXT: Final = "#797979"
BLUE, VERMILION, GREEN, PURPLE, OCHRE, PINK = PALETTE = (
    "#2f83c5",
    "#d5601c",
    "#159470",
    "#a368b4",
    "#a88414",
    "#cb5787",
)
_SETTINGS: Final[dict[RcKeyType, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": TEXT,
    "axes.facecolor": "none",
    "axes.formatter.use_mathtext": True,
    "axes.grid": True,
    "axes.labelcolor": TEXT,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": TEXT,
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "date.autoformatter.day": "%d %b",
    "date.autoformatter.month": "%b %Y",
    "figure.facecolor": "none",
    "figure.edgecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.alpha": 0.25,
    "grid.color": TEXT,
    "grid.linewidth": 0.6,
    "hatch.color": TEXT,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.labelcolor": TEXT,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "savefig.facecolor": "none",
    "text.color": TEXT,
    "xtick.color": TEXT,
    "xtick.labelsize": 8,
    "ytick.color": TEXT,
    "ytick.labelsize": 8,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the workbench's style inside the block; what was set before holds again after it.

    Examples
    --------
    >>> before = mpl.rcParams["text.color"]
    >>> with figure_style():
    ...     mpl.rcParams["text.color"]
    '#797979'
    >>> mpl.rcParams["text.color"] == before
    True
    """
    with mpl.rc_context(_SETTINGS):
        yield


class Chart(Figure):
    """A figure that keeps its style when it is drawn, and shows itself in a notebook.

    It belongs to no window system and no global list of figures: it is gone when nothing refers
    to it any more.

    Parameters
    ----------
    width, height
        Inches.
    **options
        As for :class:`matplotlib.figure.Figure`.
    """

    def __init__(self, width: float, height: float, **options: Any) -> None:
        layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
        with figure_style():
            super().__init__(figsize=(width, height), **{"layout": layout, "dpi": 144, **options})

    def draw(self, renderer: RendererBase) -> None:
        """Draw in the workbench's style: Matplotlib makes ticks as late as here."""
        with figure_style():
            super().draw(renderer)

    def png(self) -> bytes:
        """Return the figure as PNG without metadata: the same figure, the same bytes."""
        buffer = BytesIO()
        self.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = self.get_size_inches()
        # Pixels for fine screens, shown at the size that was meant.
        return self.png(), {"width": round(96 * width), "height": round(96 * height)}


def title(axes: Axes, text: str, width: int) -> None:
    """Set the title, broken into lines of at most ``width`` characters."""
    axes.set_title(textwrap.fill(text, width))


def blank(axes: Axes, text: str) -> None:
    """Say in an empty panel why there is nothing to see."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, textwrap.fill(text, 32), ha="center", va="center", transform=axes.transAxes)


def percent(share: float) -> str:
    r"""Write a share as per cent, with a decimal where it is near 0 or 1.

    Examples
    --------
    >>> percent(0.314), percent(0.0042), percent(0.9973), percent(1.0)
    ('31\xa0%', '0.4\xa0%', '99.7\xa0%', '100\xa0%')
    """
    near = 0 < share < 0.0995 or 0.9905 <= share < 0.9995
    # A no-break space: a title is never broken before the sign.
    return f"{100 * share:.{1 if near else 0}f}\u00a0%"
