"""The results of estimate() and prepare()."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Optional


class Face:
    """A face in a picture. Attributes without a value are None.

    box: (left, top, right, bottom) in pixels of the picture turned upright by its EXIF tag, then rotated about its centre
        by `angle` degrees clockwise. None: the whole picture was taken as a face.
    score: the detector's score; higher is more certain.
    replicated: share of the face crop that lies outside the picture, 0 to 1.
    points: (x, y) of eyes, nose and corners of the mouth.
    age: years. None: there is no age; reason says why.
    interval: (low, high, coverage), if the model is calibrated; also of a face whose age cannot be told, because it is
        too wide.
    at_least: (years, probability): how probable it is that the person is so many years old or older, if the Estimator was opened with at_least=years;
        also of a face whose interval is too wide to tell its age.
    spread: standard deviation of the members' ages, if the model is an ensemble.
    male: probability that the face is a man's, if the model has a gender head.
    age_class: the most probable class; empty if each class is one year.
    distribution: one probability per class, if the Estimator was opened with distribution=True.
    """

    __slots__ = (
        "box", "angle", "score", "replicated", "points", "age", "reason",
        "interval", "at_least", "spread", "male", "age_class", "distribution",
    )  # fmt: skip

    box: Optional[tuple[float, float, float, float]]
    angle: float
    score: float
    replicated: float
    points: Optional[tuple[tuple[float, float], ...]]
    age: Optional[float]
    reason: str
    interval: Optional[tuple[float, float, float]]
    at_least: Optional[tuple[int, float]]
    spread: Optional[float]
    male: Optional[float]
    age_class: str
    distribution: Optional[list[float]]

    def __init__(self, *values: Any) -> None:
        for name, value in zip(self.__slots__, values):
            setattr(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """A dict for JSON, with the keys of `agewise predict --json` and the points."""
        told: dict[str, Any] = {"box": list(self.box) if self.box else None}
        if self.box:
            told.update(angle=self.angle, score=self.score, replicated=self.replicated)
        else:
            told["crop"] = True
        if self.points:
            told["points"] = [list(point) for point in self.points]
        told["age"] = self.age
        if self.age is None:
            told["reason"] = self.reason
        if self.spread is not None:
            told["spread"] = self.spread
        if self.male is not None:
            told["male"] = self.male
        if self.age_class:
            told["class"] = self.age_class
        if self.interval:
            told["interval"] = dict(zip(("low", "high", "coverage"), self.interval))
        if self.at_least:
            told["at_least"] = dict(zip(("years", "probability"), self.at_least))
        if self.distribution is not None:
            told["distribution"] = list(self.distribution)
        return told

    def _text(self) -> str:
        if self.age is None:
            return self.reason
        return f"{self.age:.1f}" + (f" ({self.interval[0]:.0f}–{self.interval[1]:.0f})" if self.interval else "")

    def __repr__(self) -> str:
        place = ""
        if self.box:
            left, top, right, bottom = self.box
            place = f" at {left:.0f},{top:.0f} {right - left:.0f}×{bottom - top:.0f}"
        return f"<Face {self._text()}{' years' if self.age is not None else ''}{place}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Face) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]


class Picture:
    """The faces found in a picture.

    width, height: pixels, of the upright picture. faces: highest score first. reason: why there are no faces. readable:
    whether the file could be read as a picture. source: what was passed to estimate(), which a notebook displays.
    """

    __slots__ = ("source", "_bgr", "width", "height", "reason", "readable", "faces")

    source: Any
    width: int
    height: int
    reason: str
    readable: bool
    faces: list[Face]

    def __init__(
        self, source: Any, bgr: bool, width: int, height: int, reason: str, readable: bool, faces: list[tuple[Any, ...]]
    ) -> None:
        self.source, self._bgr = source, bgr
        self.width, self.height, self.reason, self.readable = width, height, reason, readable
        self.faces = [Face(*face) for face in faces]

    @property
    def age(self) -> Optional[float]:
        """The age of the face with the highest score among those that have an age."""
        return next((face.age for face in self.faces if face.age is not None), None)

    @property
    def name(self) -> Optional[str]:
        """The path, if the picture was given as a path."""
        return str(self.source) if isinstance(self.source, str) or hasattr(self.source, "__fspath__") else None

    def to_dict(self) -> dict[str, Any]:
        told: dict[str, Any] = {"width": self.width, "height": self.height, "faces": [f.to_dict() for f in self.faces]}
        if self.name:
            told = {"file": self.name, **told}
        if not self.faces:
            told["reason"] = self.reason
        return told

    def __repr__(self) -> str:
        if not self.faces:
            return f"<Picture {self.width}×{self.height}: {self.reason}>"
        ages = ", ".join(face._text() for face in self.faces[:5]) + (", …" if len(self.faces) > 5 else "")
        return f"<Picture {self.width}×{self.height}: {len(self.faces)} face{'s' * (len(self.faces) > 1)}, {ages}>"

    def _repr_html_(self) -> str:
        from ._notebook import html_of

        return html_of(self)


def to_frame(results: Iterable[Picture] | Picture) -> Any:
    """A pandas DataFrame with one row per face, and one row for each picture without faces. Needs pandas."""
    import pandas  # type: ignore[import-untyped,unused-ignore]

    rows: list[dict[str, Any]] = []
    for place, picture in enumerate([results] if isinstance(results, Picture) else results):
        head: dict[str, Any] = {"picture": picture.name or place}
        if not picture.faces:
            rows.append({**head, "face": 0, "reason": picture.reason})
        for number, face in enumerate(picture.faces, start=1):
            row: dict[str, Any] = {**head, "face": number, "age": face.age}
            row.update(zip(("low", "high"), face.interval or ()))
            row.update(spread=face.spread, male=face.male)
            row["class"] = face.age_class or None
            row.update(zip(("left", "top", "right", "bottom"), face.box or ()))
            row.update(angle=face.angle, score=face.score, reason=face.reason or None)
            if face.at_least:
                row[f"at_least_{face.at_least[0]}"] = face.at_least[1]
            rows.append(row)
    columns = ["picture", "face", "age", "low", "high", "spread", "male", "class", "left", "top", "right", "bottom",
               "angle", "score", "reason"]  # fmt: skip
    columns += sorted({name for row in rows for name in row} - set(columns))  # at_least_18, where it was asked for
    return pandas.DataFrame(rows, columns=columns)


class Progress:
    """The progress of prepare(), train() or evaluate().

    what: "preparing", "epoch 3 of 100". done, total: pictures or steps; total is 0 if it is not known. rejects: how
    many of those done were rejected.
    """

    __slots__ = ("what", "done", "total", "rejects")

    def __init__(self, what: str, done: int, total: int, rejects: int) -> None:
        self.what, self.done, self.total, self.rejects = what, done, total, rejects

    def __repr__(self) -> str:
        return f"<Progress {self.what}: {self.done:,} of {self.total:,}>"


class Prepared:
    """The result of prepare().

    faces: number of faces now in the store. whole_pictures: how many of them are whole pictures, because no face was
    found. rejects: number of label rows by reason. not_asked_for: pictures that no label row names. resumed: an earlier
    call had begun the store. was_complete: an earlier call had finished the store, so no picture was read.
    """

    __slots__ = ("faces", "whole_pictures", "rejects", "not_asked_for", "resumed", "was_complete")

    def __init__(
        self, faces: int, whole_pictures: int, rejects: dict[str, int], not_asked_for: int, resumed: bool, was_complete: bool
    ) -> None:
        self.faces, self.whole_pictures, self.rejects = faces, whole_pictures, rejects
        self.not_asked_for, self.resumed, self.was_complete = not_asked_for, resumed, was_complete

    def __repr__(self) -> str:
        rejects = "".join(f", {count:,} {reason}" for reason, count in self.rejects.items())
        return f"<Prepared {self.faces:,} faces{rejects}>"
