"""The curve on the page: in seconds, beside the bars of events, and a click on it goes to that moment."""

import numpy as np
import pytest

import handson
from handson import Volume

STARTS = (0.0, 10.0, 30.0, 60.0, 120.0)


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """An exported page of five uneven volumes whose values are their numbers."""
    data = np.ones((6, 6, 6, 5)) * np.arange(5)
    series = Volume(data, np.eye(4), times=tuple((start, None) for start in STARTS))
    viewer = handson.view(series, events=[(20, 20, "left"), (70, 10, "right")])
    mask = np.zeros(series.shape[:3], bool)
    mask[2:4, 2:4, 3] = True
    viewer.paint(mask)
    path = viewer.save_html(tmp_path_factory.mktemp("curve") / "page.html")
    viewer.close()
    page = browser.new_page(viewport={"width": 1100, "height": 800})
    page.goto(path.as_uri())
    page.locator(".ho-curves").wait_for()
    yield page
    page.close()


def click(page, share):
    """Click on the axis of the curve, at a share of its length."""
    ends = page.evaluate(
        """() => { const box = document.querySelector('.ho-curves .ho-axes path').getBoundingClientRect();
                   return [box.left, box.width, box.top + box.height / 2]; }"""
    )
    page.mouse.click(ends[0] + share * ends[1], ends[2])
    page.wait_for_timeout(300)
    return page.locator(".ho-curves").get_attribute("aria-label")


def test_a_click_goes_to_the_volume_that_began_nearest_to_that_second(page):
    assert "volume 1 of 5, 0 s" in click(page, 0.0)
    said = click(page, 0.5)  # 60 s of 120: the fourth of five volumes
    assert "volume 4 of 5, 60 s" in said
    assert "voxel 3" in said
    assert "painted mean 3" in said
    assert "volume 2 of 5, 10 s" in click(page, 0.1)


def test_bars_stand_at_their_seconds_and_the_axis_says_so(page):
    texts = page.locator(".ho-curves text").all_text_contents()
    assert {"left", "right", "time / s", "100"} <= {text.strip() for text in texts}
    bars, axis = page.evaluate(
        """() => { const box = (e) => { const b = e.getBoundingClientRect(); return [b.left, b.right]; };
                   return [[...document.querySelectorAll('.ho-event')].map(box),
                           box(document.querySelector('.ho-curves .ho-axes path'))]; }"""
    )
    length = axis[1] - axis[0]
    shares = [[(x - axis[0]) / length for x in bar] for bar in bars]
    assert shares == [
        pytest.approx([20 / 120, 40 / 120], abs=0.02),
        pytest.approx([70 / 120, 80 / 120], abs=0.02),
    ]
