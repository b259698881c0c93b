#!/usr/bin/env python3
"""Makes pictures/ and golden.txt anew: python3 make_pictures.py (Pillow 13, pillow-heif 1.x).

One small scene in every kind of file that decode() reads. golden.txt holds what Pillow sees at chosen places, a line
each: file, mode (rgb or grey), width and height upright, channels stored, bits, then x y value(s) for each place."""
import os
import struct
import zlib

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps

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


def bmp_with_alpha(name, picture):
    """By hand: BITMAPV4HEADER with a mask for opacity, rows from the bottom."""
    w, h = picture.size
    pixels = np.asarray(picture)[::-1, :, [2, 1, 0, 3]].tobytes()
    header = struct.pack('<IiiHHIIiiII4I', 108, w, h, 1, 32, 3, len(pixels), 2835, 2835, 0, 0, 0xFF0000, 0xFF00, 0xFF,
                         0xFF000000) + b'BGRs' + b'\0' * 48
    with open(path(name), 'wb') as f:
        f.write(b'BM' + struct.pack('<IHHI', 14 + 108 + len(pixels), 0, 0, 14 + 108) + header + pixels)


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

# GIF, BMP, TIFF, AVIF and animations.
GREY.save(path('grey.bmp'))
record('grey.bmp', 3)
RGB.save(path('rgb.bmp'))
record('rgb.bmp', 3)
RGB.convert('1').save(path('one_bit.bmp'))
record('one_bit.bmp', 3, 1)
rgba.save(path('four_bytes.bmp'))  # the fourth is reserved, not opacity
record('four_bytes.bmp', 3)
bmp_with_alpha('alpha.bmp', rgba)
record('alpha.bmp', 4, upright=rgba)
RGB.quantize(64).save(path('rgb.gif'), interlace=0)
record('rgb.gif', 3)
RGB.quantize(64).save(path('interlaced.gif'), interlace=1)
record('interlaced.gif', 3)
RGB.quantize(15).save(path('transparent.gif'), transparency=7)
record('transparent.gif', 3)
other = RGB.transpose(Image.Transpose.ROTATE_180)
RGB.quantize(64).save(path('animated.gif'), save_all=True, append_images=[other.quantize(64)])
record('animated.gif', 3)
RGB.save(path('animated.webp'), save_all=True, append_images=[other], lossless=True, minimize_size=False)
record('animated.webp', 3)
RGB.save(path('rgb.tif'))
record('rgb.tif', 3)
RGB.save(path('lzw.tif'), compression='tiff_lzw')
record('lzw.tif', 3)
RGB.save(path('jpeg.tif'), compression='jpeg', quality=90)
record('jpeg.tif', 3)
GREY.save(path('grey.tif'), compression='tiff_adobe_deflate')
record('grey.tif', 1)
RGB.quantize(64).save(path('palette.tif'))
record('palette.tif', 1)
rgba.save(path('rgba.tif'))
record('rgba.tif', 4)
RGB.save(path('pages.tif'), save_all=True, append_images=[other, GREY])
record('pages.tif', 3)
Image.fromarray(np.minimum(np.asarray(GREY).astype(np.uint32) * 257 + 40, 65535).astype(np.uint16)).save(path('grey_16.tif'))
record('grey_16.tif', 1, 16, GREY)
RGB.transpose(Image.Transpose.ROTATE_90).save(path('turned.tif'), tiffinfo={274: 6})
record('turned.tif', 3)
RGB.save(path('rgb.avif'), quality=90, subsampling='4:4:4')
record('rgb.avif', 3)
rgba.save(path('alpha.avif'), quality=98, subsampling='4:4:4')
record('alpha.avif', 4)


# Colour profiles, by the ICC's specification (ICC.1:2010), and what sRGB calls their colours, by arithmetic.
def s15(*values):
    return b''.join(struct.pack('>i', round(v * 65536)) for v in values)


def icc(colours, tags):
    """A profile of a display: `colours` is b'RGB ' or b'GRAY', tags are (name, data)."""
    table, data = struct.pack('>I', len(tags)), b''
    start = 128 + 4 + 12 * len(tags)
    for name, body in tags:
        table += name + struct.pack('>II', start + len(data), len(body))
        data += body + b'\0' * (-len(body) % 4)
    header = struct.pack('>I', start + len(data)) + b'\0' * 4 + struct.pack('>I', 0x02400000) + b'mntr' + colours + b'XYZ '
    header += struct.pack('>6H', 2026, 1, 1, 0, 0, 0) + b'acsp' + b'\0' * 28 + s15(*D50)
    return header.ljust(128, b'\0') + table + data


D50 = (0.9642, 1.0, 0.8249)
# Columns X, Y, Z of red, green and blue, adapted to D50 (Bradford), as the profiles' makers publish them.
SRGB = np.array([[.43607, .38515, .14307], [.22249, .71687, .06061], [.01392, .09708, .71410]])
P3 = np.array([[.51512, .29198, .15710], [.24120, .69225, .06657], [-.00105, .04189, .78407]])
ADOBE = np.array([[.60974, .20528, .14919], [.31111, .62567, .06322], [.01947, .06087, .74457]])


def xyz(values):
    return b'XYZ \0\0\0\0' + s15(*values)


def gamma_curve(gamma):
    return b'curv\0\0\0\0' + struct.pack('>IH', 1, round(gamma * 256)) + b'\0\0'


def sampled_curve(function):
    values = [round(65535 * function(i / 255)) for i in range(256)]
    return b'curv\0\0\0\0' + struct.pack('>I', 256) + struct.pack('>256H', *values)


def text(name, words):
    return name, b'text\0\0\0\0' + words + b'\0'


def rgb_profile(columns, curve):
    return icc(b'RGB ', [text(b'cprt', b'public domain'), (b'wtpt', xyz(D50))]
               + [(n, xyz(columns[:, c])) for c, n in enumerate((b'rXYZ', b'gXYZ', b'bXYZ'))]
               + [(n, curve) for n in (b'rTRC', b'gTRC', b'bTRC')])


def srgb_to_linear(v):
    return np.where(v <= .04045, v / 12.92, ((v + .055) / 1.055) ** 2.4)


def linear_to_srgb(v):
    return np.where(v <= .0031308, v * 12.92, 1.055 * np.maximum(v, 0) ** (1 / 2.4) - .055)


def in_srgb(picture, columns, to_linear):
    linear = to_linear(np.asarray(picture) / 255.0) @ np.linalg.solve(SRGB, columns).T
    return Image.fromarray((linear_to_srgb(np.clip(linear, 0, 1)) * 255).round().astype(np.uint8))


p3_profile = rgb_profile(P3, sampled_curve(lambda v: float(srgb_to_linear(np.float64(v)))))
adobe_profile = rgb_profile(ADOBE, gamma_curve(2.19921875))
grey_profile = icc(b'GRAY', [text(b'cprt', b'public domain'), (b'wtpt', xyz(D50)), (b'kTRC', gamma_curve(1.8))])
in_p3 = in_srgb(RGB, P3, srgb_to_linear)
in_adobe = in_srgb(RGB, ADOBE, lambda v: v ** 2.19921875)
RGB.save(path('p3.jpg'), quality=98, subsampling=0, icc_profile=p3_profile)
record('p3.jpg', 3, upright=in_p3)
RGB.save(path('adobe_rgb.png'), icc_profile=adobe_profile)
record('adobe_rgb.png', 3, upright=in_adobe)
RGB.save(path('adobe_rgb.tif'), icc_profile=adobe_profile)
record('adobe_rgb.tif', 3, upright=in_adobe)
RGB.save(path('p3.webp'), lossless=True, icc_profile=p3_profile)
record('p3.webp', 3, upright=in_p3)
heic = pillow_heif.from_pillow(RGB)
heic.info['icc_profile'] = p3_profile
heic.save(path('p3.heic'), quality=98, chroma=444)
record('p3.heic', 3, upright=in_p3)
RGB.save(path('p3.avif'), quality=98, subsampling='4:4:4', icc_profile=p3_profile)
record('p3.avif', 3, upright=in_p3)
grey_linear = (np.asarray(GREY) / 255.0) ** 1.8
in_grey = Image.fromarray((linear_to_srgb(grey_linear) * 255).round().astype(np.uint8))
GREY.save(path('grey_gamma.jpg'), quality=98, icc_profile=grey_profile)
record('grey_gamma.jpg', 1, upright=in_grey)
# One that says sRGB changes nothing, to the last bit; nor does one that is broken.
srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
RGB.save(path('srgb.jpg'), quality=90, icc_profile=srgb)
record('srgb.jpg', 3)
RGB.save(path('broken_profile.jpg'), quality=90, icc_profile=p3_profile[:200])
record('broken_profile.jpg', 3)

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
