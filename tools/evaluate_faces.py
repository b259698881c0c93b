#!/usr/bin/env python3
"""Compares the faces that `agewise prepare` found with what make_photographs.py had put into the pictures:
evaluate_faces.py TRUTH.json STORE [OTHER_STORE]
With another store also: how often both hold the same face."""
import json
import sqlite3
import statistics
import sys


def faces(store):
    """Place and angle of each picture's face, or None where none was found; of the pictures that are prepared so far."""
    query = "SELECT file, left, top, right, bottom, angle FROM faces LEFT JOIN places ON faces.row = places.row"
    rows = sqlite3.connect(f"file:{store}?mode=ro", uri=True).execute(query)
    return {row[0]: row[1:] if row[1] is not None else None for row in rows}


def between(a, b):
    return abs((a - b + 180) % 360 - 180)


def share(part, whole):
    return f"{part} of {whole} ({100 * part / max(whole, 1):.1f} %)"


def overlap(a, b):
    across = min(a[2], b[2]) - max(a[0], b[0])
    along = min(a[3], b[3]) - max(a[1], b[1])
    both = max(across, 0) * max(along, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def evaluate(truth, found):
    offsets, widths, angles = [], [], []
    for name, face in found.items():
        if face is None:
            continue
        true, (left, top, right, bottom, angle) = truth[name], face
        offset = (((left + right) / 2 - true["x"]) ** 2 + ((top + bottom) / 2 - true["y"]) ** 2) ** 0.5 / true["side"]
        if offset > 0.25:
            continue
        offsets.append(offset)
        widths.append((right - left) / true["side"])
        angles.append(between(angle, true["angle"]))
    others = sum(face is not None for face in found.values()) - len(offsets)
    print("found:", share(len(offsets), len(found)), " something else:", others)
    print(f"middle off by {100 * statistics.mean(offsets):.1f} % of the pasted side, width {statistics.mean(widths):.2f} "
          f"± {statistics.pstdev(widths):.2f} of it, angle off by {statistics.mean(angles):.1f}°, "
          f"90 % of them by at most {sorted(angles)[int(0.9 * len(angles))]:.1f}°")


def compare(one, other):
    both = [name for name in one if one[name] and other.get(name)]
    near = [name for name in both if overlap(one[name], other[name]) > 0.5]
    turns = [between(one[name][4], other[name][4]) for name in near]
    print("same face (overlap > 0.5):", share(len(near), len(both)), " same angle:",
          share(sum(turn == 0 for turn in turns), len(near)), " within 5°:", share(sum(turn <= 5 for turn in turns), len(near)))


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    truth = json.load(open(sys.argv[1]))
    found = faces(sys.argv[2])
    evaluate(truth, found)
    if len(sys.argv) == 4:
        compare(found, faces(sys.argv[3]))


main()
