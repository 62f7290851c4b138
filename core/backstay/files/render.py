"""The process that draws: ``python -m backstay.files.render FILE FOLDER MEDIA_TYPE``.

Writes ``000.png`` (small) and ``001.png`` onwards into the folder, and the number of pages to
standard output. It gives up its rights to memory, time and files before it reads the first byte.
"""

from __future__ import annotations

import os
import resource
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

MOST_PAGES: Final = 5
MOST_PIXELS: Final = 60_000_000
"""Of a picture that is opened: 60 megapixels are 180 MB while it is drawn."""
PAGE: Final = (1000, 1400)
SMALL: Final = (144, 144)
_MEMORY: Final = 1024 * 1024 * 1024
_CPU_SECONDS: Final = 30
_FILE_BYTES: Final = 16 * 1024 * 1024
_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "TIFF")
_LONGEST_SIDE: Final = 20_000
"""Points of a PDF page (7 m): what is larger is no paper."""


def give_up_rights() -> None:
    """Little memory, little time, small files, no core dump, the lowest priority."""
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    os.nice(10)


def pdf_pages(path: Path) -> tuple[int, Iterator[Image.Image]]:
    """The number of pages of a PDF, and the first ones drawn."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)

    def drawn() -> Iterator[Image.Image]:
        for number in range(min(len(document), MOST_PAGES)):
            page = document[number]
            width, height = page.get_size()
            if not (0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE):
                message = f"page {number + 1} measures {width} by {height}"
                raise ValueError(message)
            scale = min(PAGE[0] / width, PAGE[1] / height)
            yield page.render(scale=scale, may_draw_forms=False).to_pil()

    return len(document), drawn()


def picture(path: Path) -> Image.Image:
    """A picture, upright, on white."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with Image.open(path, formats=_FORMATS) as opened:
        opened.draft("RGB", PAGE)
        upright = ImageOps.exif_transpose(opened)
        upright.thumbnail(PAGE)
        with_alpha = upright.convert("RGBA")
        white = Image.new("RGBA", with_alpha.size, "white")
        return Image.alpha_composite(white, with_alpha).convert("RGB")


def save(image: Image.Image, path: Path) -> None:
    """Write a PNG with a palette: a quarter of the size, and as readable."""
    from PIL import Image

    image.convert("RGB").quantize(128, dither=Image.Dither.FLOYDSTEINBERG).save(
        path, "PNG", optimize=True
    )


def main(source: str, target: str, media_type: str) -> None:
    """Draw one file."""
    give_up_rights()
    count, pages = (
        pdf_pages(Path(source))
        if media_type == "application/pdf"
        else (1, iter([picture(Path(source))]))
    )
    for number, image in enumerate(pages, 1):
        save(image, Path(target) / f"{number:03}.png")
        if number == 1:
            small = image.copy()
            small.thumbnail(SMALL)
            save(small, Path(target) / "000.png")
    sys.stdout.write(str(count))


if __name__ == "__main__":
    main(*sys.argv[1:4])
