"""Writes wiki.mat, wiki_plain.mat and imdb.mat: structs as IMDB-WIKI has them, and cacd.mat, as CACD has them; by scipy
(any version), not by matio.

Run where the files are to go, with Python and scipy at hand: python3 make.py
"""
import datetime

import numpy
import scipy.io


def matlab_day(year, month, day):
    return datetime.date(year, month, day).toordinal() + 366


def cells(values):
    row = numpy.empty((1, len(values)), dtype=object)
    for i, value in enumerate(values):
        row[0, i] = value
    return row


def numbers(values):
    return numpy.array([values], dtype=float)


FACES = {
    "dob": numbers([matlab_day(1984, 2, 3), matlab_day(1990, 7, 1), numpy.nan]),
    "photo_taken": numpy.array([[2009, 2010, 1965]], dtype=numpy.uint16),
    "full_path": cells(["01/a_1984-02-03_2009.jpg", "02/b_1990-07-01_2010.jpg  ", "03/c.jpg"]),
    "gender": numbers([1, 0, numpy.nan]),
    "name": cells(["Åsa Öberg", "小川 紳介", ""]),
    "face_location": cells([numbers([0.5, 2, 10, 12]), numpy.array([[1, 1, 250, 250]], dtype=numpy.uint8), numbers([1, 1, 5, 5])]),
    "face_score": numbers([4.5, -numpy.inf, 0.75]),
    "second_face_score": numbers([numpy.nan, numpy.nan, 2.25]),
}
CELEBRITIES = {"celeb_names": cells(["Åsa Öberg", "小川 紳介"]), "celeb_id": numbers([1, 2, 1])}

scipy.io.savemat("wiki.mat", {"wiki": FACES}, do_compression=True)
scipy.io.savemat("wiki_plain.mat", {"wiki": FACES}, do_compression=False)
scipy.io.savemat("imdb.mat", {"imdb": FACES | CELEBRITIES}, do_compression=True)


def column(values, dtype=float):
    return numpy.array(values, dtype=dtype).reshape(-1, 1)


PERSONS = {
    "name": cells(["Robert De Niro", "Zoë Kravitz"]).T,
    "identity": column([1, 2]),
    "birth": column([1951, 1988]),
    "rank": column([3, 14]),
    "lfw": column([True, False], bool),
}
PICTURES = {
    "age": column([53, 54, 16, 16]),
    "identity": column([1, 1, 2, 7]),  # nobody is 7
    "year": column([2004, 2005, 2004, 2004]),
    "feature": numpy.zeros((0, 0)),
    "rank": column([3, 3, 14, 1]),
    "lfw": column([True, True, False, False], bool),
    "birth": column([1951, 1951, 1988, 1988]),
    "name": cells(
        ["53_Robert_De_Niro_0001.jpg", "54_Robert_De_Niro_0002.jpg", "16_Zoë_Kravitz_0001.jpg", "16_X_0001.jpg"]
    ).T,
}
scipy.io.savemat("cacd.mat", {"celebrityData": PERSONS, "celebrityImageData": PICTURES}, do_compression=True)
scipy.io.savemat("cacd_pictures_only.mat", {"celebrityImageData": PICTURES}, do_compression=True)
scipy.io.savemat("cacd_short.mat", {"celebrityImageData": PICTURES | {"age": column([53, 54, 16])}}, do_compression=True)
