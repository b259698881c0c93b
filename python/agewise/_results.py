"""What an estimate says, and a preparation."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Optional


class Face:
    """A face in a picture; what is not there is None.

    box: (left, top, right, bottom) in pixels of the picture turned upright by its EXIF tag, then turned about its middle
        by `angle` degrees clockwise. None: the whole picture was taken for a face.
    score: the detector's. replicated: share of the face's cut-out that lies outside the picture, 0 to 1.
    points: (x, y) of eyes, nose and corners of the mouth.
    age: years; None: see reason.
    interval: (low, high, coverage), of a calibrated model.
    spread: of an ensemble, the deviation of its members' ages. male: of a model with a gender head, a probability.
    age_class: the most probable class; empty where each class is a year. distribution: where it was asked for, a probability a class.
    """

    __slots__ = (
        "box", "angle", "score", "replicated", "points", "age", "reason",
        "interval", "spread", "male", "age_class", "distribution",
    )  # fmt: skip

    box: Optional[tuple[float, float, float, float]]
    angle: float
    score: float
    replicated: float
    points: Optional[tuple[tuple[float, float], ...]]
    age: Optional[float]
    reason: str
    interval: Optional[tuple[float, float, float]]
    spread: Optional[float]
    male: Optional[float]
    age_class: str
    distribution: Optional[list[float]]

    def __init__(self, *values: Any) -> None:
        for name, value in zip(self.__slots__, values):
            setattr(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """The keys of `agewise predict --json`, and the points; for JSON."""
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
            return told
        if self.spread is not None:
            told["spread"] = self.spread
        if self.male is not None:
            told["male"] = self.male
        if self.age_class:
            told["class"] = self.age_class
        if self.interval:
            told["interval"] = dict(zip(("low", "high", "coverage"), self.interval))
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
    """What was found in a picture.

    width, height: pixels, turned upright. faces: strongest first. reason: why there are none. readable: whether the file
    is a picture. source: what was given to estimate(); it is what a notebook shows.
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
        """Of the strongest face that has one."""
        return next((face.age for face in self.faces if face.age is not None), None)

    @property
    def name(self) -> Optional[str]:
        """The path, where the picture was given by one."""
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
    """A pandas DataFrame with a row a face, and one for each picture without; pandas must be installed."""
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
            rows.append(row)
    columns = ["picture", "face", "age", "low", "high", "spread", "male", "class", "left", "top", "right", "bottom",
               "angle", "score", "reason"]  # fmt: skip
    return pandas.DataFrame(rows, columns=columns)


class Progress:
    """How far prepare(), train() or evaluate() is.

    what: "preparing", "epoch 3 of 100". done, total: pictures or steps; total 0: not known. rejects: of those done.
    """

    __slots__ = ("what", "done", "total", "rejects")

    def __init__(self, what: str, done: int, total: int, rejects: int) -> None:
        self.what, self.done, self.total, self.rejects = what, done, total, rejects

    def __repr__(self) -> str:
        return f"<Progress {self.what}: {self.done:,} of {self.total:,}>"


class Prepared:
    """What prepare() found.

    faces: in the store now; whole_pictures: of these, taken whole because no face was found. rejects: reason and number
    of label rows. not_asked_for: pictures that no label row names. resumed: an earlier call had begun the store;
    was_complete: or finished it, and no picture was read.
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
