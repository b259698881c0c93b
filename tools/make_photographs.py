#!/usr/bin/env python3
"""Makes photographs with faces at known places, sizes and angles, for docs/faces.md and docs/detector-card.md:
make_photographs.py FACES.tar DIR COUNT [SEED] [options]

Without options each is a face of UTKFace, scaled to 0.15 … 0.5 of the shorter side, turned and pasted on blurred noise
with a dozen shapes; in 4 of 11 it is upright, in 4 turned by -60 … 60°, in 3 by 90, -90 or 180. DIR/truth.json says where
each is: the middle and the side of the pasted square, in pixels, the angle, clockwise, and the face's own file; of
photographs with several faces (--faces) a list of these. DIR/labels.csv is for `agewise prepare`, where the names tell ages. Needs Pillow."""
import argparse
import csv
import io
import json
import os
import random
import tarfile

from PIL import Image, ImageDraw, ImageFilter

FACE_WIDTH = 0.8  # of the square's: YuNet's box in the pictures of UTKFace and FairFace (0.82 and 0.77 in the mean)


def colour(draw):
    return tuple(draw.randrange(256) for _ in range(3))


def drawn_background(draw, width, height):
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


def background(draw, width, height, files):
    """Of a picture of the folder the largest part of the shape, from its middle; without a folder a drawn one."""
    if not files:
        return drawn_background(draw, width, height)
    picture = Image.open(draw.choice(files)).convert("RGB")
    factor = max(width / picture.width, height / picture.height)
    picture = picture.resize((max(width, round(picture.width * factor)), max(height, round(picture.height * factor))))
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def mask_of(side, soft):
    """Where the face's square is opaque: all of it, or an ellipse that fades towards the square's edge."""
    if not soft:
        return Image.new("L", (side, side), 255)
    mask = Image.new("L", (side, side), 0)
    edge = side / 30
    ImageDraw.Draw(mask).ellipse([edge, edge, side - edge, side - edge], fill=255)
    return mask.filter(ImageFilter.GaussianBlur(edge / 2))


def drawn_angle(draw, angles):
    if angles == "upright":
        return 0
    if angles == "any":
        return draw.uniform(-180, 180)
    return draw.choice([0] * 4 + [draw.uniform(-60, 60) for _ in range(4)] + [90, -90, 180])


def pasted(draw, picture, face, side, cell, options):
    """The face pasted into the cell (left, top, right, bottom) of the picture; where it is."""
    angle = drawn_angle(draw, options.angles)
    face = face.resize((side, side), Image.LANCZOS).rotate(-angle, Image.BICUBIC, expand=True)
    mask = mask_of(side, options.soft).rotate(-angle, Image.BICUBIC, expand=True)
    if options.outside:  # so much of the face's width lies beyond one edge
        edge = draw.choice(["left", "top", "right", "bottom"])
        beyond = (options.outside - 0.5) * FACE_WIDTH * side
        x, y = draw.randint(0, picture.width - face.width), draw.randint(0, picture.height - face.height)
        x = {"left": round(-beyond - face.width / 2), "right": round(picture.width + beyond - face.width / 2)}.get(edge, x)
        y = {"top": round(-beyond - face.height / 2), "bottom": round(picture.height + beyond - face.height / 2)}.get(edge, y)
    else:
        left, top, right, bottom = cell
        x = draw.randint(left, max(left, right - face.width))
        y = draw.randint(top, max(top, bottom - face.height))
    picture.paste(face, (x, y), mask)
    return {"x": x + face.width / 2, "y": y + face.height / 2, "side": side, "angle": angle}


def photograph(draw, faces, files, options):
    width = draw.choice([480, 640, 800, 1280, 2400] if not options.longest else
                        [w for w in (640, 960, 1280, 1600) if w <= options.longest])
    height = draw.choice([int(width * 0.75), width, int(width * 1.33)])
    picture = background(draw, width, height, files)
    truth = []
    columns = next(n for n in range(1, 100) if n * max(1, round(n * height / width)) >= len(faces))
    rows = -(-len(faces) // columns)
    for i, face in enumerate(faces):
        across, down = width // columns, height // rows
        left, top = i % columns * across, i // columns * down
        if options.widths:
            side = round(draw.uniform(*options.widths) / FACE_WIDTH)
        else:
            side = round(draw.uniform(0.15, 0.5) * min(width, height))
        if len(faces) > 1:  # turned by 45° it still fits into its cell
            side = min(side, int(min(across, down) / 1.42))
        truth.append(pasted(draw, picture, face, side, (left, top, left + across, top + down)
                            if len(faces) > 1 else (0, 0, width, height), options))
    return picture, truth


def members_of(faces, options):
    """The tar's pictures, in its order: those that the labels put into the part, or all."""
    members = [member for member in faces.getmembers() if member.isfile()]
    if options.part:
        with open(options.labels) as labels:
            wanted = {row["file"] for row in csv.DictReader(labels) if row["split"] == options.part}
        members = [member for member in members if member.name in wanted or os.path.basename(member.name) in wanted]
    return members


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tar")
    parser.add_argument("folder")
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--faces", type=int, default=1, help="in each photograph, in a grid")
    parser.add_argument("--widths", type=float, nargs=2, metavar=("FROM", "TO"), help="of the faces, in pixels")
    parser.add_argument("--longest", type=int, help="photographs of 640, 960, 1280 or 1600 pixels' width, at most so wide")
    parser.add_argument("--angles", choices=["mixed", "upright", "any"], default="mixed")
    parser.add_argument("--outside", type=float, default=0, help="share of each face's width that lies beyond an edge")
    parser.add_argument("--soft", action="store_true", help="faces fade into the background")
    parser.add_argument("--backgrounds", help="a folder of pictures, instead of drawn ones")
    parser.add_argument("--labels", help="a table with the columns file and split")
    parser.add_argument("--part", help="only faces of this part, by --labels")
    options = parser.parse_args()
    if (options.part is None) != (options.labels is None):
        parser.error("--part and --labels belong together")
    return options


def main():
    options = arguments()
    draw = random.Random(options.seed)
    os.makedirs(options.folder, exist_ok=True)
    files = sorted(os.path.join(options.backgrounds, name) for name in os.listdir(options.backgrounds)) if options.backgrounds else []
    truth, ages = {}, {}
    with tarfile.open(options.tar) as tar:
        members = members_of(tar, options)
        chosen = draw.sample(members, options.count) if options.faces == 1 else [
            member for _ in range(options.count) for member in draw.sample(members, options.faces)]
        for i in range(options.count):
            own = chosen[i * options.faces:(i + 1) * options.faces]
            faces = [Image.open(io.BytesIO(tar.extractfile(member).read())).convert("RGB") for member in own]
            name = f"{i:04}.jpg"
            picture, places = photograph(draw, faces, files, options)
            for place, member in zip(places, own):
                place["face"] = os.path.basename(member.name)
            picture.save(f"{options.folder}/{name}", quality=90)
            truth[name] = places[0] if options.faces == 1 else places
            age = os.path.basename(own[0].name).split("_")[0]
            if options.faces == 1 and age.isdigit():
                truth[name]["age"] = ages[name] = int(age)
    with open(f"{options.folder}/truth.json", "w") as out:
        json.dump(truth, out)
    if ages:
        with open(f"{options.folder}/labels.csv", "w") as out:
            out.write("file,age\n" + "".join(f"{name},{age}\n" for name, age in ages.items()))


main()
