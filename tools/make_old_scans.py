#!/usr/bin/env python3
"""Makes the val pictures of UTKFace look like scanned old photographs, for docs/model-card.md:
make_old_scans.py UTKFACE.csv UTKFACE.tar OUT.tar OUT.csv
OUT.tar holds each picture as it is and five times changed; OUT.csv names the change as its source, by which
`agewise evaluate` tells them apart: grey; faded (grey, half of the contrast, yellowed); grain (as faded, with grain two
pixels wide, deviation 7); dust (as faded, with twice that grain and specks of dust); small (shrunk five times, JPEG of
quality 30). The same files every time. Needs Pillow and numpy."""
import csv
import io
import sys
import tarfile

import numpy as np
from PIL import Image, ImageOps


def grey(picture, draw):
    return ImageOps.grayscale(picture).convert("RGB")


def faded(picture, draw):
    light = np.asarray(ImageOps.grayscale(picture), np.float32)[:, :, None] / 255
    return pixels(np.array([105, 92, 70]) + light * np.array([130, 125, 110]))


def grain(picture, draw, deviation=7):
    old = np.asarray(faded(picture, draw), np.float32)
    height, width = old.shape[:2]
    noise = Image.fromarray(draw.normal(0, deviation, (height // 2, width // 2)).astype(np.float32))
    return pixels(old + np.asarray(noise.resize((width, height), Image.BILINEAR))[:, :, None])


def dust(picture, draw):
    old = np.array(grain(picture, draw, 14))
    height, width = old.shape[:2]
    for _ in range(12):
        x, y, size = draw.integers(width - 3), draw.integers(height - 3), draw.integers(1, 4)
        old[y:y + size, x:x + size] = draw.choice([40, 240])
    return Image.fromarray(old)


def small(picture, draw):
    return Image.open(io.BytesIO(encoded(picture.reduce(5).resize(picture.size, Image.BICUBIC), 30)))


def pixels(numbers):
    return Image.fromarray(np.clip(numbers + 0.5, 0, 255).astype(np.uint8))


def encoded(picture, quality=95):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    labels, faces, new_faces, new_labels = sys.argv[1:]
    with open(labels, newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file) if row["split"] == "val"}
    draw = np.random.default_rng(1)
    with tarfile.open(faces) as old, tarfile.open(new_faces, "w") as new, open(new_labels, "w", newline="") as out:
        table = csv.DictWriter(out, ["file", "age", "gender", "race", "group", "split", "source"], extrasaction="ignore")
        table.writeheader()
        for member in old:
            row = rows.get(member.name.split("/")[-1])
            if row is None:
                continue
            content = old.extractfile(member).read()
            picture = Image.open(io.BytesIO(content)).convert("RGB")
            for change in (None, grey, faded, grain, dust, small):
                source = change.__name__ if change else "as it is"
                changed = encoded(change(picture, draw)) if change else content
                entry = tarfile.TarInfo(f"{source.replace(' ', '_')}/{row['file']}")
                entry.size = len(changed)
                new.addfile(entry, io.BytesIO(changed))
                table.writerow(row | {"file": entry.name, "source": source})


if __name__ == "__main__":
    main()
