#!/usr/bin/env python3
"""How much an age changes where the same picture is turned, mirrored, enlarged or reduced, for docs/faces.md:
score_stability.py AGEWISE OUT PICTURE|FOLDER…                                                         (Pillow)
Writes the changed pictures to folders of OUT, lets `agewise predict` estimate them, pairs faces by their place and prints a row
of Markdown for each change. Enlarged, only faces of more than 80 pixels count; reduced, only those of more than 160."""
import json
import math
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Callable, NamedTuple

from PIL import Image

NEAR = 0.25  # of a face's width: where its middle may be
ORIENTATION = 0x0112  # of EXIF
ENDINGS = ('.jpg', '.jpeg', '.png')


class Change(NamedTuple):
    says: str
    save: Callable  # (picture, file without ending)
    place: Callable  # (x, y, width, height) of the original → (x, y) there
    scale: float = 1
    above: float = 0  # pixels that a face of the original is wide


def turned(how):
    return lambda picture, file: picture.transpose(how).save(file.with_suffix('.png'))


def tagged(orientation):
    def save(picture, file):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        picture.save(file.with_suffix('.jpg'), quality=100, subsampling=0, exif=exif)
    return save


def resized(scale):
    def save(picture, file):
        picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.LANCZOS).save(file.with_suffix('.png'))
    return save


# Pillow turns counter-clockwise; EXIF 2 is seen mirrored, 6 turned clockwise.
CHANGES = (
    Change('turned by 90°', turned(Image.ROTATE_270), lambda x, y, width, height: (height - y, x)),
    Change('turned by 180°', turned(Image.ROTATE_180), lambda x, y, width, height: (width - x, height - y)),
    Change('turned by 270°', turned(Image.ROTATE_90), lambda x, y, width, height: (y, width - x)),
    Change('mirrored by EXIF (2)', tagged(2), lambda x, y, width, height: (width - x, y)),
    Change('turned by EXIF (6)', tagged(6), lambda x, y, width, height: (height - y, x)),
    Change('enlarged to twice the size', resized(2), lambda x, y, width, height: (2 * x, 2 * y), 2, 80),
    Change('reduced to half', resized(0.5), lambda x, y, width, height: (x / 2, y / 2), 0.5, 160),
)


def faces_of(agewise, pictures):
    """Of each picture, by its name without ending, the faces with an age, also where the model would say that it cannot tell:
    (x, y, width, age)."""
    faces = {Path(picture).stem: [] for picture in pictures}
    told = subprocess.run([agewise, 'predict', '--json', '--set', 'predict.widest_interval=0', '--files', '-'],
                          input='\n'.join(map(str, pictures)), check=True, stdout=subprocess.PIPE, text=True).stdout
    for one in json.loads(told):
        if one.get('box') and one['age'] is not None:
            left, top, right, bottom = one['box']
            faces[Path(one['file']).stem].append(((left + right) / 2, (top + bottom) / 2, right - left, one['age']))
    return faces


def differences(change, before, after, sizes):
    """Of the ages of faces that are found again, and how many are not."""
    found, lost = [], 0
    for name, faces in before.items():
        for x, y, width, age in faces:
            if width <= change.above:
                continue
            there = change.place(x, y, *sizes[name])
            distance, its_age = min(((math.dist(there, one[:2]), one[3]) for one in after[name]), default=(math.inf, None))
            if distance < NEAR * width * change.scale:
                found.append(its_age - age)
            else:
                lost += 1
    return found, lost


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    agewise, out = sys.argv[1], Path(sys.argv[2])
    pictures = [file for given in map(Path, sys.argv[3:])
                for file in (sorted(given.iterdir()) if given.is_dir() else [given]) if file.suffix.lower() in ENDINGS]
    if len({file.stem for file in pictures}) < len(pictures):
        sys.exit('two pictures have the same name')
    sizes = {}
    for file in pictures:
        with Image.open(file) as picture:
            sizes[file.stem] = picture.size
    before = faces_of(agewise, pictures)
    print('| the same picture | pairs | mean difference, years | median absolute difference | over 5 years | no longer found |\n'
          '|---|---|---|---|---|---|')
    for number, change in enumerate(CHANGES):
        folder = out / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        for file in pictures:
            with Image.open(file) as picture:
                change.save(picture.convert('RGB'), folder / file.name)
        found, lost = differences(change, before, faces_of(agewise, sorted(folder.iterdir())), sizes)
        print(f'| {change.says} | {len(found)} | {statistics.mean(found):+.2f} | {statistics.median(map(abs, found)):.2f} '
              f'| {sum(abs(years) > 5 for years in found)} | {lost} |', flush=True)


if __name__ == '__main__':
    main()
