#!/usr/bin/env python3
"""Collects pictures without people from Debian's picture packages, for training and testing the detector:
collect_backgrounds.py DIR
Downloads the packages named below (`apt-get download`), unpacks them without installing, and writes their pictures to
DIR/train and, one in four by a checksum of its name, to DIR/test: at most 1600 pixels a side, transparent parts over a
flat colour, each picture once, and run again only those that are missing. What has people or drawn faces in it is left out: tools/backgrounds_left_out.txt has
patterns of their names, made by looking at all that YuNet takes for a face at any quarter turn. Needs Pillow, dpkg."""
import fnmatch
import hashlib
import io
import os
import struct
import subprocess
import sys
import zlib

from PIL import Image

Image.MAX_IMAGE_PIXELS = None  # some wallpapers are large; they are Debian's own

PACKAGES = ["gcompris-qt-data", "gnome-backgrounds", "lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04", "mate-backgrounds",
            "openclipart-png", "plasma-workspace-wallpapers", "tuxpaint-stamps-default", "ukui-wallpapers"]
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
LEAST_SIDE, MOST_SIDE = 64, 1600  # pixels
MOST_OF_A_FOLDER = 40             # openclipart has 1,378 stars
LARGEST = 64 << 20                # bytes


def packed_in_qt(path):
    """Pictures in a Qt resource file, where each lies as it is behind its length in four bytes, big end first."""
    content = open(path, "rb").read()
    for start in (b"RIFF", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"):
        at = content.find(start)
        while at >= 0:
            (size,) = struct.unpack(">I", content[at - 4:at]) if at >= 4 else (0,)
            if 500 < size <= len(content) - at:
                yield f"{hashlib.sha1(content[at:at + size]).hexdigest()[:12]}", content[at:at + size]
            at = content.find(start, at + 4)


def pictures_under(folder):
    """Name within the package and bytes of each picture, in the order of their names."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(parent, name)
            if os.path.islink(path) or os.path.getsize(path) > LARGEST:
                continue
            inner = os.path.relpath(path, folder)
            if name.endswith(ENDINGS):
                yield inner, open(path, "rb").read()
            elif name.endswith(".rcc"):
                for number, content in packed_in_qt(path):
                    yield f"{inner}/{number}", content


def flat(content, name):
    """The picture in RGB, or None for what is no picture or too small."""
    try:
        picture = Image.open(io.BytesIO(content))
        picture.draft("RGB", (MOST_SIDE, MOST_SIDE))
        picture = picture.convert("RGBA")
    except Exception:  # whatever Pillow says of a broken or foreign file: it is none of ours
        return None
    if min(picture.size) < LEAST_SIDE:
        return None
    colour = hashlib.sha1(name.encode()).digest()[:3]
    under = Image.new("RGBA", picture.size, tuple(colour) + (255,))
    picture = Image.alpha_composite(under, picture).convert("RGB")
    picture.thumbnail((MOST_SIDE, MOST_SIDE))
    return picture


def download(folder):
    os.makedirs(folder, exist_ok=True)
    for package in PACKAGES:
        if not any(name.startswith(package + "_") for name in os.listdir(folder)):
            subprocess.run(["apt-get", "download", package], cwd=folder, check=True)
        if not os.path.isdir(f"{folder}/{package}"):
            (archive,) = [name for name in os.listdir(folder) if name.startswith(package + "_")]
            subprocess.run(["dpkg-deb", "-x", archive, package], cwd=folder, check=True)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = sys.argv[1]
    here = os.path.dirname(os.path.abspath(__file__))
    left_out = [line.strip() for line in open(f"{here}/backgrounds_left_out.txt") if line.strip() and line[0] != "#"]
    download(f"{target}/packages")
    for part in ("train", "test"):
        os.makedirs(f"{target}/{part}", exist_ok=True)
    seen, in_folder, counts = set(), {}, {"train": 0, "test": 0}
    for package in PACKAGES:
        for name, content in pictures_under(f"{target}/packages/{package}"):
            name = f"{package}/{name}"
            digest = hashlib.sha1(content).digest()
            if digest in seen or any(fnmatch.fnmatch(name, pattern) for pattern in left_out):
                continue
            folder = os.path.dirname(name)
            if "openclipart" in folder and in_folder.get(folder, 0) >= MOST_OF_A_FOLDER:
                continue
            part = "test" if zlib.crc32(name.encode()) % 4 == 0 else "train"
            file = f"{target}/{part}/{name.replace('usr/share/', '').replace('/', '+')}.jpg"
            if not os.path.exists(file):
                picture = flat(content, name)
                if picture is None:
                    continue
                picture.save(file, quality=92)
            seen.add(digest)
            in_folder[folder] = in_folder.get(folder, 0) + 1
            counts[part] += 1
    print(f"{counts['train']} pictures to train with, {counts['test']} to test with")


main()
