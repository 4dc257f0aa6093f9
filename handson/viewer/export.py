"""A viewer as one page: the same script and style, the voxels, and plain HTML controls.

Nothing is fetched: no kernel, no network, no library. It works from a folder, a mail or a web server.
"""

import html
import json
import zlib
from base64 import b64encode
from importlib.resources import files
from typing import TYPE_CHECKING

from ..display.colours import COLOUR_MAPS
from ..display.words import LABELS
from ..errors import ViewError
from .canvas import Canvas, bundle
from .models import Layer
from .static import describe

if TYPE_CHECKING:
    from .base import Viewer

LIMIT = 300_000_000  # bytes of codes in a page that a mail or a browser still takes

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body class="ho-page">
<header><h1>{title}</h1></header>
<main class="handson-viewer">
<noscript><p>{description}</p></noscript>
</main>
<script type="application/json" id="state">{state}</script>
<script type="module">
{script}
</script>
</body>
</html>
"""


def page(viewer: "Viewer") -> str:
    """The whole page as text."""
    layers = [viewer.base, *viewer.layers]
    sources = {layer.source.model_id: layer.source for layer in layers}
    size = sum(
        s.chunks.total * (1 if s.coding["dtype"] == "uint8" else 2) for s in sources.values()
    )
    if size > LIMIT:
        raise ViewError(
            f"{size / 1e6:.0f} MB of voxels make a page too large to open",
            "Save a part of it: view(volume.crop(...)) or view(volume.at(time)).",
        )
    state = {
        "canvas": {
            **_state(viewer.canvas, Canvas),
            "layers": [],
            "links": [],
            "language": LABELS.chosen,
            "maps": _pack(viewer.canvas.maps),
        },
        "layers": [
            {**_state(layer, Layer), "name": name, "source": layer.source.model_id}
            for layer, name in zip(layers, _names(viewer), strict=True)
        ],
        "sources": {
            key: {
                "coding": s.coding,
                "data": _pack(b"".join(map(s.chunks.get, range(s.chunks.count)))),
            }
            for key, s in sources.items()
        },
        "cmaps": COLOUR_MAPS,
        "presets": list(viewer.presets),
    }
    title = viewer.caption or LABELS["viewer"]
    return _PAGE.format(
        title=html.escape(title),
        description=html.escape(describe(viewer)),
        style=files(__package__).joinpath("viewer.css").read_text("utf-8"),
        state=json.dumps(state).replace("<", "\\u003c"),
        script=bundle("page").replace("</script", "<\\/script"),
    )


def _names(viewer):
    """Of the base and the layers: only names that were given here, since the page is given away."""
    return [
        viewer.caption,
        *(each.safe_name or f"layer {n}" for n, each in enumerate(viewer.layers, 1)),
    ]


def _state(model, kind):
    """Our own traits, not those of every widget."""
    own = [name for name in kind.class_own_traits(sync=True) if not name.startswith("_")]
    values = {name: getattr(model, name) for name in own}
    return {name: v for name, v in values.items() if name not in ("layers", "source", "maps")}


def _pack(data) -> str:
    return b64encode(zlib.compress(data, 6 if len(data) < 3e7 else 1)).decode()
