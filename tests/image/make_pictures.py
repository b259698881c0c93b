#!/usr/bin/env python3
"""Makes pictures/ and golden.txt anew: python3 make_pictures.py (Pillow 13, pillow-heif 1.x).

One small scene in every kind of file that decode() reads. golden.txt holds what Pillow sees at chosen places, a line
each: file, mode (rgb or grey), width and height upright, channels stored, bits, then x y value(s) for each place."""
import os
import struct
import zlib

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

os.chdir(os.path.dirname(os.path.abspath(__file__)))
os.makedirs('pictures', exist_ok=True)
W, H = 48, 32


def scene():
    """Smooth, so that lossy files stay near it, and different in every corner, so that no turning looks like another."""
    y, x = np.mgrid[0:H, 0:W]
    red = 40 + 200 * x / (W - 1)
    green = 230 - 180 * y / (H - 1)
    blue = 128 + 90 * np.sin(x / 9) * np.cos(y / 7)
    return Image.fromarray(np.stack([red, green, blue], 2).round().astype(np.uint8))


RGB = scene()
GREY = RGB.convert('L')
PLACES = [(x, y) for x in (0, 9, 24, 38, 47) for y in (0, 7, 16, 31)]
golden = []


def path(name):
    return 'pictures/' + name


def alpha():
    """Transparent to the left, opaque to the right."""
    return Image.fromarray(np.tile(np.linspace(0, 255, W).round().astype(np.uint8), (H, 1)))


def png_16_bit(name, values, colour_type):
    """By hand: Pillow writes no 16-bit RGB. `values` is height × row of big-endian 16-bit samples."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    rows = b''.join(b'\0' + row.astype('>u2').tobytes() for row in values)
    with open(path(name), 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', W, H, 16, colour_type, 0, 0, 0))
                + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def ycck_from(name):
    """Pillow writes CMYK without conversion; libjpeg reads a file as YCCK if the Adobe marker's transform says 2."""
    data = bytearray(open(path('cmyk.jpg'), 'rb').read())
    place = data.index(b'Adobe')
    data[place + 11] = 2
    open(path(name), 'wb').write(data)


def record(name, channels, bits=8, upright=None):
    """What Pillow sees in the file, or in `upright` where Pillow has no say, over white where it is transparent."""
    picture = upright or ImageOps.exif_transpose(Image.open(path(name)))
    if picture.mode in ('RGBA', 'LA', 'PA') or 'transparency' in picture.info:
        picture = picture.convert('RGBA')
        picture = Image.alpha_composite(Image.new('RGBA', picture.size, 'white'), picture).convert('RGB')
    for mode, seen in (('rgb', picture.convert('RGB')), ('grey', picture.convert('L'))):
        # The golden grey of a YCbCr JPEG is its luma plane, which Pillow gives by draft mode.
        if mode == 'grey' and name.endswith('.jpg') and channels == 3 and not upright:
            luma = Image.open(path(name))
            luma.draft('L', luma.size)
            seen = ImageOps.exif_transpose(luma).convert('L')
        w, h = seen.size
        places = [(min(x, w - 1), min(y, h - 1)) for x, y in PLACES]
        values = []
        for x, y in places:
            value = seen.getpixel((x, y))
            values.append(f'{x} {y} ' + (' '.join(map(str, value)) if mode == 'rgb' else str(value)))
        golden.append(f'{name} {mode} {w} {h} {channels} {bits} ' + ' '.join(values))


RGB.save(path('rgb.jpg'), quality=90)
record('rgb.jpg', 3)
RGB.save(path('rgb_444.jpg'), quality=95, subsampling=0)
record('rgb_444.jpg', 3)
GREY.save(path('grey.jpg'), quality=90)
record('grey.jpg', 1)
RGB.save(path('progressive.jpg'), quality=90, progressive=True)
record('progressive.jpg', 3)
RGB.save(path('no_ycc.jpg'), quality=95, keep_rgb=True)
record('no_ycc.jpg', 3)
RGB.convert('CMYK').save(path('cmyk.jpg'), quality=95)
record('cmyk.jpg', 4)
ycck_from('ycck.jpg')
record('ycck.jpg', 4)

# Upside down and sideways: stored so that the tag brings it upright again.
TURNED = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
          4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
          7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}
for tag, turn in TURNED.items():
    stored = RGB if turn is None else RGB.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = tag
    stored.save(path(f'turned_{tag}.jpg'), quality=90, exif=exif)
    record(f'turned_{tag}.jpg', 3)
exif = Image.Exif()
exif[0x0112] = 6
RGB.transpose(Image.Transpose.ROTATE_90).save(path('turned.png'), exif=exif)
record('turned.png', 3)
RGB.transpose(Image.Transpose.ROTATE_90).save(path('turned.webp'), lossless=True, exif=exif)
record('turned.webp', 3)

RGB.save(path('rgb.png'))
record('rgb.png', 3)
GREY.save(path('grey.png'))
record('grey.png', 1)
RGB.quantize(64).save(path('palette.png'))
record('palette.png', 3)
palette = RGB.quantize(15)
palette.save(path('palette_alpha.png'), transparency=bytes(range(0, 255, 17)))
record('palette_alpha.png', 3, 4)
GREY.point(lambda v: 255 * (v > 128)).convert('1').save(path('one_bit.png'))
record('one_bit.png', 1, 1)
rgba = RGB.copy()
rgba.putalpha(alpha())
rgba.save(path('rgba.png'))
record('rgba.png', 4)
grey_alpha = GREY.copy()
grey_alpha.putalpha(alpha())
grey_alpha.save(path('grey_alpha.png'))
record('grey_alpha.png', 2)
# 16 bit: the scene times 257, plus a little that must round away.
samples = np.asarray(RGB).astype(np.uint32) * 257 + 40
png_16_bit('rgb_16.png', np.minimum(samples, 65535).reshape(H, W * 3), 2)
record('rgb_16.png', 3, 16, RGB)
samples = np.asarray(GREY).astype(np.uint32) * 257 + 40
png_16_bit('grey_16.png', np.minimum(samples, 65535), 0)
record('grey_16.png', 1, 16, GREY)

RGB.save(path('lossy.webp'), quality=90)
record('lossy.webp', 3)
RGB.save(path('lossless.webp'), lossless=True)
record('lossless.webp', 3)
rgba.save(path('alpha.webp'), lossless=True, exact=True)
record('alpha.webp', 4)
pillow_heif.register_heif_opener()
pillow_heif.from_pillow(RGB).save(path('rgb.heic'), quality=90)
record('rgb.heic', 3)

with open('golden.txt', 'w') as f:
    f.write('\n'.join(golden) + '\n')

# resize.txt: Pillow's BILINEAR of noise that the test makes too: from width, height, channels; to width, height; all
# values in hexadecimal.
def noise(w, h, c):
    """The same as in resize_test.cpp: a linear congruential generator's upper bits."""
    state, out = 12345, bytearray()
    for _ in range(w * h * c):
        state = (state * 1103515245 + 12345) % 2**31
        out.append(state >> 23)
    return Image.frombytes('L' if c == 1 else 'RGB', (w, h), bytes(out))


with open('resize.txt', 'w') as f:
    for w, h, c, to_w, to_h in ((40, 30, 1, 16, 16), (40, 30, 3, 16, 16), (100, 7, 1, 9, 12), (7, 9, 3, 16, 20),
                                (1, 1, 3, 4, 4), (64, 64, 1, 1, 1), (33, 5, 1, 32, 5), (5, 33, 3, 5, 32),
                                (200, 200, 1, 12, 128)):
        to = noise(w, h, c).resize((to_w, to_h), Image.Resampling.BILINEAR)
        f.write(f'{w} {h} {c} {to_w} {to_h} {to.tobytes().hex()}\n')
