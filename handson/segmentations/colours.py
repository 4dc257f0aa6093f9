"""RecommendedDisplayCIELabValue and sRGB (PS3.3 C.10.7.1.1), with the white point that DCMTK and PixelMed use."""

from collections.abc import Sequence

import numpy as np

_WHITE = np.array([95.047, 100.0, 108.883])
# sRGB's primaries in XYZ (IEC 61966-2-1), white at D65.
_TO_XYZ = (
    np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) * 100
)


def from_cielab(stored: Sequence[int]) -> tuple[int, int, int] | None:
    """Three stored numbers of 16 bits -> (red, green, blue), 0..255; None when there are none.

    L* runs from 0 to 100, a* and b* from -128 to 127, each over 0 .. 65535.
    """
    if stored is None or len(stored) != 3:
        return None
    lightness, a, b = np.asarray(stored, float) / 65535 * (100, 255, 255) - (0, 128, 128)
    y = (lightness + 16) / 116
    curve = np.array([y + a / 500, y, y - b / 200])
    share = np.where(curve > 6 / 29, curve**3, 3 * (6 / 29) ** 2 * (curve - 4 / 29))
    linear = np.clip(np.linalg.solve(_TO_XYZ, share * _WHITE), 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = (int(c) for c in np.rint(srgb * 255))
    return red, green, blue


def to_cielab(rgb: Sequence[int]) -> list[int]:
    """(red, green, blue), 0..255 -> the three numbers that DICOM stores."""
    srgb = np.asarray(rgb, float) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    share = _TO_XYZ @ linear / _WHITE
    x, y, z = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    lab = np.array([116 * y - 16, 500 * (x - y) + 128, 200 * (y - z) + 128])
    return [int(v) for v in np.clip(np.rint(lab / (100, 255, 255) * 65535), 0, 65535)]
