"""The catalogue: the manifest as a table to read in a notebook and to filter in code.

Its text depends on the manifest only, never on the machine or the cache, since notebooks keep it.
"""

from html import escape

from ..errors import DataError
from .manifest import TIERS, DataSet, document, load

_HEAD = ("id", "tier", "modality", "   MB", "lessons", "what")


class Catalogue:
    """Data sets in the manifest's order; iterate over it, or take one by its id.

    >>> catalogue(tier="bundled", lesson="03")
    id                tier     modality     MB  lessons  what
    pydicom-dicomdir  bundled  CT MR CR    0.1  03       A DICOMDIR with 2 patients, 6 studies, 13 series, 31 images
    """

    def __init__(self, datasets: dict[str, DataSet]):
        self._datasets = datasets

    def __iter__(self):
        return iter(self._datasets.values())

    def __len__(self):
        return len(self._datasets)

    def __contains__(self, id):
        return id in self._datasets

    def __getitem__(self, id: str) -> DataSet:
        if id in self._datasets:
            return self._datasets[id]
        for left_out in document()["left_out"]:
            if left_out["id"] == id:
                raise DataError(
                    f"data set {id} is left out: {left_out['reason']}",
                    f"It can be had by hand: {left_out['by_hand']}",
                )
        raise DataError(f"there is no data set {id!r}", f"There are: {', '.join(self._datasets)}.")

    def _rows(self):
        for d in self:
            size = f"{d.bytes / 1e6:5.1f}"
            yield d.id, d.tier, " ".join(d.modality), size, " ".join(d.lessons), d.title

    def __repr__(self):
        rows = [_HEAD, *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
        lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        return "\n".join(lines)

    def _repr_html_(self):
        def line(cells, tag):
            return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        head = line((*_HEAD, "licence"), "th")
        body = "".join(
            line((*row, d.licence), "td") for row, d in zip(self._rows(), self, strict=True)
        )
        return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def catalogue(
    modality: str | None = None, tier: str | None = None, lesson: str | int | None = None
) -> Catalogue:
    """The data sets of the course, all or those that fit.

    modality : a DICOM modality ("CT", "MR", "PT", "US", ...)
    tier : "bundled", "generated" or "download"
    lesson : "00" .. "06", or 0 .. 6
    """
    if tier not in (None, *TIERS):
        raise DataError(f"there is no tier {tier!r}", f"There are: {', '.join(TIERS)}.")
    return Catalogue(
        {
            d.id: d
            for d in load().values()
            if (modality is None or modality.upper() in d.modality)
            and tier in (None, d.tier)
            and (lesson is None or str(lesson).zfill(2) in d.lessons)
        }
    )
