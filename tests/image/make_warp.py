"""Writes warp.txt: a small picture and what SciPy makes of it, turned, enlarged, shifted and mirrored.

python3 make_warp.py > warp.txt (numpy and scipy from PyPI)
"""
import numpy as np
from scipy.ndimage import affine_transform

WIDTH, HEIGHT = 7, 6
picture = (np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) * 37 % 251).astype(float)


def warped(angle, scale, shift_x, shift_y, mirrored, width, height):
    radians = np.deg2rad(angle)
    # Pixels are centred on whole numbers in SciPy, rows first. Old from new: mirror, shift, scale, turn taken back.
    turn_back = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]]) / scale
    flip = np.diag([1.0, -1.0 if mirrored else 1.0])
    new_middle = np.array([(height - 1) / 2, (width - 1) / 2])
    old_middle = np.array([(HEIGHT - 1) / 2, (WIDTH - 1) / 2])
    matrix = turn_back @ flip
    offset = old_middle - turn_back @ np.array([shift_y, shift_x]) - matrix @ new_middle
    return affine_transform(picture, matrix, offset, (height, width), order=1, mode="nearest")


for case in [(13, 1.2, 0.5, -0.75, False, 7, 6), (-40, 0.7, 1, 2, True, 5, 8)]:
    print(*(int(value) for value in np.rint(warped(*case)).ravel()))
