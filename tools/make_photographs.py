#!/usr/bin/env python3
"""Makes photographs with one face each, turned by a known angle, for docs/faces.md:
make_photographs.py UTKFACE.tar DIR COUNT [SEED]
Each is a face of UTKFace, scaled to 0.15 … 0.5 of the shorter side, turned and pasted on blurred noise with a dozen
shapes; in 4 of 11 it is upright, in 4 turned by -60 … 60°, in 3 by 90, -90 or 180. DIR/truth.json says where each is:
the middle and the side of the pasted square, in pixels, and the angle, clockwise; DIR/labels.csv is for
`agewise prepare`. Needs Pillow."""
import io
import json
import os
import random
import sys
import tarfile

from PIL import Image, ImageDraw, ImageFilter


def colour(draw):
    return tuple(draw.randrange(256) for _ in range(3))


def background(draw, width, height):
    picture = Image.new("RGB", (width, height))
    for cells in (4, 12, 40):
        noise = Image.new("RGB", (cells, max(2, cells * height // width)))
        noise.putdata([colour(draw) for _ in range(noise.width * noise.height)])
        picture = Image.blend(picture, noise.resize((width, height), Image.BICUBIC), 1 if cells == 4 else 0.4)
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, size = draw.uniform(0, width), draw.uniform(0, height), draw.uniform(0.03, 0.25) * width
        shape = pen.ellipse if draw.random() < 0.5 else pen.rectangle
        shape([x, y, x + size, y + size * draw.uniform(0.4, 2)], fill=colour(draw))
    return picture.filter(ImageFilter.GaussianBlur(width / 640))


def photograph(draw, face):
    width = draw.choice([480, 640, 800, 1280, 2400])
    height = draw.choice([int(width * 0.75), width, int(width * 1.33)])
    picture = background(draw, width, height)
    side = round(draw.uniform(0.15, 0.5) * min(width, height))
    angle = draw.choice([0] * 4 + [draw.uniform(-60, 60) for _ in range(4)] + [90, -90, 180])
    face = face.resize((side, side), Image.LANCZOS).rotate(-angle, Image.BICUBIC, expand=True)
    mask = Image.new("L", (side, side), 255).rotate(-angle, Image.BICUBIC, expand=True)
    x, y = draw.randint(0, width - face.width), draw.randint(0, height - face.height)
    picture.paste(face, (x, y), mask)
    return picture, {"x": x + face.width / 2, "y": y + face.height / 2, "side": side, "angle": angle}


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    tar, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    draw = random.Random(int(sys.argv[4]) if len(sys.argv) == 5 else 1)
    os.makedirs(folder, exist_ok=True)
    truth = {}
    with tarfile.open(tar) as faces:
        members = [member for member in faces.getmembers() if member.isfile()]
        for i, member in enumerate(draw.sample(members, count)):
            face = Image.open(io.BytesIO(faces.extractfile(member).read())).convert("RGB")
            picture, truth[f"{i:04}.jpg"] = photograph(draw, face)
            picture.save(f"{folder}/{i:04}.jpg", quality=90)
            truth[f"{i:04}.jpg"]["age"] = int(os.path.basename(member.name).split("_")[0])
    with open(f"{folder}/truth.json", "w") as out:
        json.dump(truth, out)
    with open(f"{folder}/labels.csv", "w") as out:
        out.write("file,age\n" + "".join(f"{name},{one['age']}\n" for name, one in truth.items()))


main()
