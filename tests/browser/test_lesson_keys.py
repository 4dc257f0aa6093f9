"""The lessons' widgets by keyboard in JupyterLab, which would like the arrow keys for itself."""

from lab import eventually

CELL = """
import handson
from handson.lessons import AffineExplorer, quiz
phantom = handson.fetch("gen-phantom") / "nifti" / "sagittal.nii.gz"
AffineExplorer(handson.read_nifti(phantom), voxel=(42, 58, 66))
"""


def test_arrow_keys_move_a_slider_and_choose_an_option(notebook):
    opened = notebook(CELL, 'quiz("06")')
    opened.run_all()
    explorer = opened.page.locator(".handson-affine")
    explorer.locator("input[type=range]").first.focus()
    opened.press("ArrowRight")

    def moved():
        assert "voxel (43, 58, 66)" in explorer.locator("output").inner_text()

    eventually(opened.page, moved)
    options = opened.page.locator(".handson-quiz input[type=radio]")
    options.first.focus()
    opened.press("Space", "ArrowDown")

    def second_chosen():
        assert options.nth(1).is_checked()

    eventually(opened.page, second_chosen)
