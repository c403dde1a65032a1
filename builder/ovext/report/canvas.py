"""Drawing with matplotlib, as SVG that takes its ink from the page that it is in: light, dark or printed."""

from __future__ import annotations

import io
import os
import re
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ovext.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Okabe and Ito's colours, which people with any colour vision tell apart.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
_MARKERS = "osD^vPX"
INK, _LINE = "#010203", "#040506"  # stand for the page's own colours
_WIDTH = 7.2  # inches, of 72 units each
_LONGEST = 44  # characters of a name
_SETTINGS: Any = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "ovext",  # the same picture has the same ids
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # names of ops may have a $
    "axes.edgecolor": _LINE,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
_ID = re.compile(r'(\bid="|url\(#|xlink:href="#)')
_BEFORE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_UNSEEN = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
_OPENING = re.compile(r'<svg [^>]*viewBox="([^"]*)"[^>]*>')


@dataclass(frozen=True)
class Picture:
    """An SVG for a page, what it shows in a sentence, and its numbers as a table."""

    svg: str
    text: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Canvas:
    """A figure with axes beside each other."""

    def __init__(self, height: float, columns: int = 1) -> None:
        """Open it; the height of the axes is in inches.

        Raises:
            ToolError: matplotlib is not installed.
        """
        self._height = height
        self._left, self._top, self._bottom = 0.75, 0.1, 0.5  # inches around the axes
        self._figure = _matplotlib()(figsize=(_WIDTH, height))
        self.axes: list[Any] = list(self._figure.subplots(1, columns, squeeze=False)[0])

    @staticmethod
    def series(axes: Any, at: int, label: str, points: Iterable[tuple[float, float]], **style: Any) -> None:
        """Draw the points of the series number `at`, which has a marker and a colour of its own."""
        drawn = {"markersize": 5, "linestyle": "none", **style}
        axes.plot(*zip(*points, strict=True), marker=marker_of(at), color=colour_of(at), label=label, **drawn)

    def legend(self, columns: int) -> None:
        """Above the figure, each label once."""
        labelled = [axes.get_legend_handles_labels() for axes in self.axes]
        handles = {shortened(label): handle for pair in labelled for handle, label in zip(*pair, strict=True)}
        self._top += 0.2 * -(-len(handles) // columns)
        self._figure.legend(handles.values(), handles.keys(), loc="upper left", ncols=columns, fontsize=8)

    def rows(self, axes: Any, places: Sequence[float], names: Sequence[str]) -> None:
        """Name the rows of axes."""
        axes.set_yticks(places, list(map(shortened, names)))
        self._left = max(self._left, 0.2 + 0.075 * min(_LONGEST, max(map(len, names), default=0)))

    def columns(self, axes: Any, names: Sequence[str]) -> None:
        """Name the columns of axes."""
        axes.set_xticks(range(len(names)), list(map(shortened, names)), rotation=20, ha="right")
        self._bottom = max(self._bottom, 0.2 + 0.03 * min(_LONGEST, max(map(len, names), default=0)))

    @staticmethod
    def logarithmic(axes: Any, which: str) -> None:
        """Make axes logarithmic: x, y or xy."""
        for name in which:
            getattr(axes, f"set_{name}scale")("log")
            getattr(axes, f"{name}axis").set_major_formatter(lambda value, _: f"{value:g}")
        axes.minorticks_off()

    def svg(self, name: str) -> str:
        """The figure. Its name tells its ids from those of other pictures on the page."""
        # matplotlib's own layouts draw everything twice.
        height = self._height + self._top + self._bottom
        self._figure.set_size_inches(_WIDTH, height)
        self._figure.subplots_adjust(
            left=self._left / _WIDTH,
            right=1 - 0.1 / _WIDTH,
            top=1 - self._top / height,
            bottom=self._bottom / height,
            wspace=0.08,
        )
        content = io.StringIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of characters that its fonts lack: the browser has its own
            self._figure.savefig(content, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        text = _UNSEEN.sub("", _BEFORE.sub("", content.getvalue()))
        text = _ID.sub(rf"\g<1>{name}-", text)
        text = _OPENING.sub(
            r'<svg viewBox="\1" xmlns:xlink="http://www.w3.org/1999/xlink" aria-hidden="true">', text, 1
        )
        return text.replace(INK, "var(--ink)").replace(_LINE, "var(--line)")


def marker_of(at: int) -> str:
    return _MARKERS[at % len(_MARKERS)]


def colour_of(at: int) -> str:
    return PALETTE[at % len(PALETTE)]


def shortened(name: str) -> str:
    """The name as a picture has room for it."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 3]}..."


@cache
def _matplotlib() -> Any:
    """The class of figures, once matplotlib has its settings. It takes half a second, and only reports need it."""
    os.environ["MPLBACKEND"] = "svg"  # whatever the user's is
    try:
        import matplotlib as mpl  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise ToolError("a report's pictures need matplotlib", fix="pip install 'ovext[report]'") from None
    mpl.rcdefaults()  # instead of the user's own settings
    mpl.rcParams.update(_SETTINGS)
    return Figure
