"""What the canvas shows is what nibabel and NumPy say: sides, letters, grey levels, colours, millimetres.

One asymmetric phantom is stored in all 48 orientations; in the patient it is always the same, so
every picture of it must be the same, whatever the array looks like (see `truth.py`).
"""

import json

import nibabel as nib
import numpy as np
import pytest
import truth
from lab import canvas_pixels, settle

WINDOW = (500, 1200)  # centre, width: values from -100 to 1099, DICOM's LINEAR
LOW, HIGH = -100, 1099
INDEX = dict(zip(("sagittal", "coronal", "axial"), truth.MARKER, strict=True))

LOAD = """
import handson, nibabel, numpy as np
from IPython.display import display
def load(name, **more):
    image = nibabel.load(name + ".nii")
    return handson.Volume(np.asarray(image.dataobj), image.affine, **more)
"""

# Every picture of the page in one call: its pixels, letters, words and place on the screen.
READ_ALL = """() => [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .ho-frame')].map(frame => {
  const canvas = frame.querySelector('canvas');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const words = [...frame.querySelectorAll('.ho-letter')];
  const box = canvas.getBoundingClientRect();
  return {
    rows: canvas.height, columns: canvas.width, pixels: Array.from(data),
    box: [box.x, box.y, box.width, box.height],
    convention: frame.querySelector('.ho-convention').textContent,
    letters: Object.fromEntries(['left', 'right', 'top', 'bottom'].map(side => {
      const letter = frame.querySelector('.ho-' + side), at = letter.getBoundingClientRect();
      return [side, [letter.textContent, at.x + at.width / 2, at.y + at.height / 2]];
    })),
  };
})"""


def read_all(page):
    frames = page.evaluate(READ_ALL)
    for frame in frames:
        shape = frame["rows"], frame["columns"], 4
        frame["pixels"] = np.array(frame["pixels"], np.uint8).reshape(shape)[..., :3]
    return frames


@pytest.fixture(scope="module")
def phantoms(server):
    """The phantom in all 48 orientations, as NIfTI files in the server's root."""
    image = truth.phantom()
    for codes in truth.ORIENTATIONS:
        nib.save(truth.stored_as(image, codes), server.root / f"{codes}.nii")
    return image


def marker_on_screen(frame):
    """Screen position of the brightest pixels' middle."""
    grey = frame["pixels"].sum(axis=2)
    rows, columns = np.nonzero(grey == grey.max())
    x, y, width, height = frame["box"]
    return np.array(
        [
            x + (columns.mean() + 0.5) * width / frame["columns"],
            y + (rows.mean() + 0.5) * height / frame["rows"],
        ]
    )


def test_all_48_orientations_give_one_picture(notebook, phantoms):
    """Planes, conventions, letters, marker and grey levels of 288 pictures."""
    opened = notebook(
        LOAD,
        f"""
viewers = []
for codes in {json.dumps(truth.ORIENTATIONS)}:
    viewers.append(handson.OrthoViewer(
        load(codes), window={WINDOW}, crosshair={truth.mm(truth.MARKER)}, height=90))
    display(viewers[-1].canvas)
""",
    )
    opened.run_all()
    # Lab draws a cell's outputs lazily when they are far below: bring each into view once.
    for convention in truth.CONVENTIONS:
        opened.python(f"for v in viewers: v.convention = {convention!r}")
        opened.settle(6)
        frames = read_all(opened.page)
        assert len(frames) == 48 * 3
        for n, frame in enumerate(frames):
            plane, codes = truth.PLANES[n % 3], truth.ORIENTATIONS[n // 3]
            what = f"{codes} {plane} {convention}"
            values = truth.section(phantoms, plane, convention, INDEX[plane])
            expected = truth.render(values, LOW, HIGH)
            letters = {side: found[0] for side, found in frame["letters"].items()}
            assert "".join(letters.values()) == truth.LETTERS[plane, convention], what
            assert frame["convention"].startswith(convention), what
            assert frame["pixels"].shape == expected.shape, what
            assert np.abs(frame["pixels"] - expected).max() <= 1, what
            check_marker_beside_its_letters(frame, plane, what)
            check_aspect(frame, plane, what)


def check_marker_beside_its_letters(frame, plane, what):
    """The marker lies right, anterior and superior: nearer to these letters than to their opposites."""
    marker = marker_on_screen(frame)
    place = {name: np.array(at) for name, *at in frame["letters"].values()}
    for near, far in ("RL", "AP", "SI"):
        if near in place:
            assert np.linalg.norm(marker - place[near]) < np.linalg.norm(marker - place[far]), what


def check_aspect(frame, plane, what):
    """A millimetre is as long across as it is down."""
    across, down = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}[plane]
    _, _, width, height = frame["box"]
    mm_across = truth.SHAPE[across] * truth.SPACING[across]
    mm_down = truth.SHAPE[down] * truth.SPACING[down]
    assert width / height == pytest.approx(mm_across / mm_down, rel=0.02), what
