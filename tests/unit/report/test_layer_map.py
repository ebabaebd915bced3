"""The picture of layers on an array, and those of wrong digits."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image
from tests.unit.report.test_results import made_up

from ohmbench.report.demo import report_html
from ohmbench.report.layer_map import layer_map
from ohmbench.report.wrong_digits import MOST_SHOWN, wrong_pictures


def test_each_cell_is_drawn_and_layers_are_outlined() -> None:
    layers = np.full((4, 4), -1)
    layers[:2, :2], layers[2, 3] = 0, 1
    html = layer_map(np.arange(16.0).reshape(4, 4), layers, ["first <b>", "second"])
    assert html.count("fill-opacity") == 5
    assert "first &lt;b&gt;: 4 cells" in html
    assert "second: 1 cells" in html
    assert "row,column,layer,target_usiemens\n0,0,first &lt;b&gt;,0.0\n" in html
    # the outline of 2x2 cells has eight sides of cells, that of one cell four
    path = re.search(r'<path d="([^"]*)"', html)
    assert path is not None
    assert path[1].count("M") == 12


def test_wrong_digits_are_their_pictures_dark_on_white() -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (3, 28, 28))
    found = wrong_pictures(pictures, np.array([1, 2, 3]), np.array([1, 7, 3]))
    assert (found.wrong, found.images) == (1, 3)
    (one,) = found.shown
    assert (one.number, one.label, one.said) == (1, 2, 7)
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(one.png))))
    np.testing.assert_array_equal(shown, 255 - pictures[1])


def test_so_many_are_shown_and_the_rest_is_counted() -> None:
    many = MOST_SHOWN + 5
    pictures, labels = np.zeros((many, 2, 2), np.int64), np.zeros(many, np.int64)
    result = made_up(pictures=pictures, labels=labels, predictions=labels, predictions_trimmed=labels + 1)
    html = report_html(result)
    assert html.count("<img") == MOST_SHOWN
    assert f"{many} of {many}: what it is" in html
    assert "<figcaption>0, said 1</figcaption>" in html
    assert f"The first {MOST_SHOWN} are shown." in html
