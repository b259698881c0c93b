"""A picture with its faces and ages, as a notebook shows it: SVG over the picture itself."""

from __future__ import annotations

import base64
import html
import os
import struct
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from ._results import Face, Picture

_KINDS = ((b"\xff\xd8", "jpeg"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"BM", "bmp"))


def _png_of(pixels: Any, bgr: bool) -> bytes:
    """The PNG of an array of height × width (× channels)."""
    view: Any = memoryview(pixels)
    height, width = view.shape[:2]
    channels = view.shape[2] if view.ndim == 3 else 1
    data = view.tobytes()
    if bgr and channels >= 3:
        swapped = bytearray(data)
        swapped[0::channels], swapped[2::channels] = data[2::channels], data[0::channels]
        data = bytes(swapped)
    row = width * channels
    raw = b"".join(b"\0" + data[y * row : (y + 1) * row] for y in range(height))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    colour = {1: 0, 3: 2, 4: 6}[channels]
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(raw, 1))
        + chunk(b"IEND", b"")
    )


def _address_of(picture: Picture) -> Optional[str]:
    """A data: URL; None for a format that browsers do not display, or a file that no longer exists."""
    source = picture.source
    try:
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                data = file.read()
        elif isinstance(source, (bytes, bytearray)) or (isinstance(source, memoryview) and source.ndim == 1):
            data = bytes(source)
        else:
            data = _png_of(source, picture._bgr)
    except (OSError, TypeError, ValueError):
        return None
    kind = next((kind for start, kind in _KINDS if data.startswith(start)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "webp"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}" if kind else None


def _mark_of(face: Face, size: float) -> str:
    if not face.box:
        return ""
    left, top, right, bottom = face.box
    middle = f"{(left + right) / 2:.1f} {(top + bottom) / 2:.1f}"
    return (
        f'<g transform="rotate({face.angle} {middle})"><rect x="{left}" y="{top}" width="{right - left:.1f}" '
        f'height="{bottom - top:.1f}" fill="none" stroke="#ffd400" stroke-width="{size / 8:.1f}"/>'
        f'<text x="{left}" y="{top - size / 4:.1f}" font-family="sans-serif" font-size="{size:.1f}" fill="#ffd400" '
        f'stroke="#000" stroke-width="{size / 6:.1f}" paint-order="stroke">{html.escape(face._text())}</text></g>'
    )


def html_of(picture: Picture) -> str:
    caption = html.escape(repr(picture)[1:-1])
    address = _address_of(picture) if picture.readable else None
    if address is None:
        return f"<p>{caption}</p>"
    size = max(picture.width, picture.height) / 25
    marks = "".join(_mark_of(face, size) for face in picture.faces)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {picture.width} {picture.height}" '
        f'style="max-width:100%;max-height:480px"><image href="{address}" width="{picture.width}" '
        f'height="{picture.height}"/>{marks}</svg><p>{caption}</p>'
    )
