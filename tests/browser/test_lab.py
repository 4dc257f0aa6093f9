"""The harness itself: what it says about a page must be true before it may judge a viewer."""

import numpy as np
from lab import canvas_pixels, screen_pixels

PAINTED = """
from IPython.display import HTML
HTML("<canvas id=probe width=30 height=20></canvas>"
     "<script>{ const c = document.getElementById('probe').getContext('2d');"
     "c.fillStyle = 'rgb(10,20,30)'; c.fillRect(0, 0, 30, 20);"
     "c.fillStyle = 'rgb(200,0,0)'; c.fillRect(0, 0, 5, 2); }</script>")
"""


def test_pixels_are_read_in_rows_from_the_top_left(notebook):
    opened = notebook("print(6 * 7)", PAINTED)
    opened.run_all()
    assert opened.output_text(0) == "42"
    assert opened.python("print(6 * 7 + 1)") == "43"
    truth = np.full((20, 30, 3), (10, 20, 30), np.uint8)
    truth[:2, :5] = (200, 0, 0)
    canvas = opened.page.locator("#probe")
    assert (canvas_pixels(canvas)[..., :3] == truth).all()
    shown = screen_pixels(canvas)  # the layout may put it half a pixel down: look inside the areas
    assert (shown[5:15] == truth[5:15]).all()
    assert (shown[1, :4] == truth[1, :4]).all()
