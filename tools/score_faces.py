#!/usr/bin/env python3
"""How well faces were found, over what `agewise predict --json` says of the photographs of make_photographs.py:
score_faces.py FACES.json TRUTH.json [LEANS.json]     faces found, their angles, false finds
score_faces.py FACES.json                             pictures without people: every find is false, and is named
LEANS.json is what `agewise predict --json` says of the pictures that the faces were taken from: many lean there, which
adds to the angle by which they were turned; without it, they count as upright. A face is found if the middle of a box is
within a quarter of the pasted square's side of the square's middle."""
import json
import os
import sys

NEAR = 0.25  # of the pasted square's side


def finds_by_picture(file):
    """Of each picture that could be read: boxes with their angles; name as in truth.json."""
    pictures = {}
    for one in json.load(open(file)):
        if one.get("problem"):
            sys.exit(f"{one['file']}: {one['problem']}")
        finds = pictures.setdefault(one["file"], [])
        if one.get("box"):
            finds.append(one)
    return pictures


def between(a, b):
    return abs((a - b + 180) % 360 - 180)


def share(part, whole):
    return f"{part} of {whole} ({100 * part / max(whole, 1):.2f} %)"


def distance(find, face):
    left, top, right, bottom = find["box"]
    return (((left + right) / 2 - face["x"]) ** 2 + ((top + bottom) / 2 - face["y"]) ** 2) ** 0.5 / face["side"]


def evaluate(pictures, truth, leans):
    turns, faces, others, missed = [], 0, 0, []
    for name, places in truth.items():
        finds = pictures.get(next((file for file in pictures if os.path.basename(file) == name), None), [])
        for face in places if isinstance(places, list) else [places]:
            faces += 1
            own = min(finds, key=lambda find: distance(find, face), default=None)
            if own is None or distance(own, face) > NEAR:
                missed.append(f"{name} ({face['side']} pixels, {face['angle']:.0f}°)")
                continue
            finds = [find for find in finds if find is not own]
            turns.append(between(own["angle"], face["angle"] + leans.get(face.get("face"), 0)))
        others += len(finds)
    print("found:", share(len(turns), faces), " within 10° of them:", share(sum(turn <= 10 for turn in turns), len(turns)),
          f" something else: {others} in {len(truth)} photographs")
    if missed:
        print("missed:", ", ".join(missed[:20]), "…" if len(missed) > 20 else "")


def main():
    if len(sys.argv) not in (2, 3, 4):
        sys.exit(__doc__)
    pictures = finds_by_picture(sys.argv[1])
    if len(sys.argv) > 2:
        faces = finds_by_picture(sys.argv[3]) if len(sys.argv) == 4 else {}
        leans = {os.path.basename(file): max(finds, key=lambda find: find["score"])["angle"]
                 for file, finds in faces.items() if finds}
        return evaluate(pictures, json.load(open(sys.argv[2])), leans)
    false = {file: finds for file, finds in pictures.items() if finds}
    print("pictures with a false detection:", share(len(false), len(pictures)))
    for file, finds in false.items():
        places = [f"{find['score']:.2f} at {[round(side) for side in find['box']]}" for find in finds]
        print(f"  {file}: {', '.join(places)}")


main()
