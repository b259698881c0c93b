#!/usr/bin/env python3
"""The faces of a store cut out once more, by Pillow: crops as another program makes them (docs/faces.md, "Other cuts").
cut_crops.py STORE PICTURES.tar LABELS.csv CROPS.tar CROPS.csv   (numpy, Pillow)
STORE tells where in PICTURES each face lies; LABELS, from which it was prepared, gives CROPS.csv the rows of those in whom one was
found. `agewise prepare crops.db --labels CROPS.csv --pictures CROPS.tar --set face.detect=false` with the store's own recipe and
margin makes a store of the same faces."""
import io, re, sqlite3, sys, tarfile
import numpy as np
from PIL import Image, ImageOps

store, pictures, labels, crops, crops_labels = sys.argv[1:]
database = sqlite3.connect(store)
recipe, = database.execute("SELECT value FROM facts WHERE name = 'recipe'").fetchone()
margin = float(re.search(r'^margin = (.*)$', recipe, re.M)[1])
places = {file: place for file, *place in database.execute(
    'SELECT file, left, top, right, bottom, angle FROM faces JOIN places ON places.row = faces.row')}

def cut(picture, left, top, right, bottom, angle):
    """Upright with its margin, not resized: what lies outside the picture repeats its border."""
    wide, high = right - left, bottom - top
    edge = int(max(wide, high) * (1 + 2 * margin))
    pixels = np.pad(np.asarray(picture), [(edge, edge), (edge, edge), (0, 0)], mode='edge')
    middle = (edge + (left + right) / 2, edge + (top + bottom) / 2)
    upright = Image.fromarray(pixels).rotate(angle, Image.BILINEAR, center=middle)
    corners = np.array([left - margin * wide, top - margin * high, right + margin * wide, bottom + margin * high]) + edge
    return upright.crop(tuple(int(corner) for corner in np.floor(corners + 0.5)))

with tarfile.open(pictures) as source, tarfile.open(crops, 'w') as target:
    for member in source:
        name = member.name.split('/')[-1]
        if name not in places: continue
        picture = ImageOps.exif_transpose(Image.open(source.extractfile(member))).convert('RGB')
        jpeg = io.BytesIO()
        cut(picture, *places[name]).save(jpeg, 'JPEG', quality=95, subsampling=0)
        entry = tarfile.TarInfo(name)
        entry.size = jpeg.tell()
        jpeg.seek(0)
        target.addfile(entry, jpeg)
head, *rows = open(labels).read().splitlines()
with open(crops_labels, 'w') as file:
    file.write('\n'.join([head, *(row for row in rows if row.split(',')[0] in places)]) + '\n')
