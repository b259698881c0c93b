"""agewise: estimates the ages of the faces in pictures.

>>> import agewise
>>> agewise.estimate("photo.jpg")                       # with the model of agewise-model-compact
<Picture 640×480: 1 face, 34.2 years>
>>> estimator = agewise.Estimator("model.safetensors")  # another model, or other options
>>> estimator.estimate([array, "photo.jpg", image])     # many at once

A picture is a path, the bytes of a file, an array of uint8 (height × width, or height × width × 1, 3 or 4 channels:
grey, RGB or RGBA) or a PIL image. All numbers are those that `agewise predict --json` prints.

>>> agewise.prepare("faces.db", "labels.csv", "photos/", recipe="compact", progress=True)
>>> run = agewise.train("run", "faces.db", progress=True)
>>> run.log["validation_mae"], agewise.evaluate(run).mae
>>> agewise.Store("faces.db").as_torch_dataset("train")  # or train your own network on what agewise prepared
"""

from __future__ import annotations

import os
import warnings

from ._core import Error, version as __version__
from . import _core
from ._bundled import model_named
from ._results import Face, Picture, Prepared, Progress, to_frame
from ._training import Evaluation, Model, Run, Store, evaluate, prepare, train

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Optional, Protocol, Union, overload

    class Array(Protocol):
        """A numpy array, or anything that numpy can convert to one."""

        @property
        def __array__(self) -> Any: ...

    class Image(Protocol):
        """A PIL image."""

        @property
        def mode(self) -> Any: ...
        def tobytes(self) -> bytes: ...

    PathLike = Union[str, "os.PathLike[str]"]
    One = Union[PathLike, bytes, bytearray, memoryview, Array, Image]
    Many = Union[list[Any], tuple[Any, ...], Iterator[Any]]

__all__ = [
    "Error", "Estimator", "Evaluation", "Face", "Model", "Picture", "Prepared", "Progress", "Run", "Store",
    "estimate", "evaluate", "prepare", "to_frame", "train",
]  # fmt: skip

Error.__module__ = __name__  # as users know it

_AT_ONCE = 256  # pictures of a list that are estimated together; between them Ctrl-C is noticed


class Estimator:
    """A model, ready to estimate. Any number of threads may use it at once; it releases the GIL while it computes.

    model: a model file, a run of `agewise train`, "compact" (the default: the model of the package
        agewise-model-compact, for research only) or "permissive" (also for other use; in the wheel, or
        agewise-model-permissive).
    threads: by default one per processor.
    ready_crops: each picture is one face, cut out with the model's margin.
    detect: look for faces even if the model was trained on face crops.
    detector: "yunet" or a file with YuNet's weights (.onnx); by default the one named in the model.
    small_faces: faces that are too small or too blurred get an age as well, instead of a reason.
    distribution: results contain the probability of every age class.
    at_least: years, for example 18; results contain the calibrated probability that the person is so old or older.
    kernels: "fastest" times kernels once and saves the choice in ~/.cache/agewise, as the program does; "standard"
        times nothing.

    Raises FileNotFoundError if the model does not exist, and Error if it is broken or does not fit the options.
    """

    def __init__(
        self,
        model: Optional[PathLike] = None,
        *,
        threads: int = 0,
        ready_crops: bool = False,
        detect: bool = False,
        detector: Optional[PathLike] = None,
        small_faces: bool = False,
        distribution: bool = False,
        at_least: Optional[int] = None,
        kernels: str = "fastest",
    ) -> None:
        if kernels not in ("fastest", "standard"):
            raise ValueError('kernels must be "fastest" or "standard"')
        self._core = _core.Estimator(
            model=model_named(model),
            threads=threads,
            ready_crops=ready_crops,
            detect=detect,
            detector=os.fsencode("" if detector is None else detector),
            small_faces=small_faces,
            distribution=distribution,
            at_least=0 if at_least is None else at_least,
            standard_kernels=kernels == "standard",
        )
        if self._core.warning:
            warnings.warn(self._core.warning, stacklevel=2)

    if TYPE_CHECKING:

        @overload
        def estimate(self, pictures: One, *, bgr: bool = ...) -> Picture: ...
        @overload
        def estimate(self, pictures: Many, *, bgr: bool = ...) -> list[Picture]: ...

    def estimate(self, pictures: Any, *, bgr: bool = False) -> Any:
        """Returns a Picture for one picture, or a list of them for a list, tuple or iterator of pictures.

        bgr: the channels of arrays are in OpenCV's order, blue first.
        """
        if isinstance(pictures, (list, tuple)) or hasattr(pictures, "__next__"):
            results: list[Picture] = []
            chunk: list[Any] = []
            for picture in pictures:
                chunk.append(picture)
                if len(chunk) == _AT_ONCE:
                    results += self._estimate(chunk, bgr)
                    chunk = []
            return results + self._estimate(chunk, bgr)
        return self._estimate([pictures], bgr)[0]

    __call__ = estimate

    def _estimate(self, pictures: list[Any], bgr: bool) -> list[Picture]:
        files: list[tuple[int, Any]] = []  # (place, what the core takes)
        arrays: list[tuple[int, Any]] = []
        images: list[tuple[int, Any]] = []
        for place, picture in enumerate(pictures):
            if isinstance(picture, (str, os.PathLike)):
                with open(picture, "rb") as file:
                    files.append((place, file.read()))
            elif isinstance(picture, (bytes, bytearray)) or (isinstance(picture, memoryview) and picture.ndim == 1):
                files.append((place, picture))
            elif hasattr(picture, "mode") and hasattr(picture, "tobytes"):
                images.append((place, _pixels_of(picture)))
            else:
                arrays.append((place, _array_of(picture)))
        results: list[Any] = [None] * len(pictures)
        for sources, is_bgr in ((files, False), (arrays, bgr), (images, False)):
            values = [value for _, value in sources]
            if not values:
                continue
            told = self._core.files(values) if sources is files else self._core.images(values, is_bgr)
            for (place, value), answer in zip(sources, told):
                results[place] = Picture(value if sources is images else pictures[place], is_bgr, *answer)
        return results

    @property
    def model(self) -> str:
        """Path of the model file."""
        return self._core.model_file

    @property
    def classes(self) -> list[tuple[str, float]]:
        """Name and years of each age class, in the order of Face.distribution."""
        return self._core.classes

    @property
    def notes(self) -> dict[str, str]:
        """The model's notes: "licence", "data" …"""
        return self._core.notes

    def __repr__(self) -> str:
        return f"<agewise.Estimator {self.model}>"


def _pixels_of(image: Any) -> memoryview:
    """A PIL image's pixels, upright, as height × width × channels."""
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image) or image
    if image.mode not in ("L", "RGB", "RGBA"):
        has_alpha = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
        image = image.convert("RGBA" if has_alpha else "RGB")
    return memoryview(image.tobytes()).cast("B", (image.height, image.width, len(image.getbands())))


def _array_of(array: Any) -> Any:
    """An array whose pixels are contiguous in each row; the core raises an error if it is not an image."""
    try:
        view: Any = memoryview(array)
    except (TypeError, BufferError, ValueError):
        view = None
    if view is None and not hasattr(array, "__array__"):
        raise TypeError(
            f"a picture must be a path, bytes, an array of uint8 or a PIL image, or a list of these: not {type(array).__name__}"
        )
    if view is not None and view.ndim in (2, 3) and view.strides[1:] == ((view.shape[2], 1) if view.ndim == 3 else (1,)):
        if view.strides[0] >= view.shape[1] * view.strides[1]:
            return view
    import numpy

    return numpy.ascontiguousarray(array)


_default: Optional[Estimator] = None


if TYPE_CHECKING:

    @overload
    def estimate(pictures: One, *, bgr: bool = ...) -> Picture: ...
    @overload
    def estimate(pictures: Many, *, bgr: bool = ...) -> list[Picture]: ...


def estimate(pictures: Any, *, bgr: bool = False) -> Any:
    """Estimator.estimate() with the default model, which is opened at the first call and kept open."""
    global _default
    if _default is None:
        _default = Estimator()
    return _default.estimate(pictures, bgr=bgr)


def _forget() -> None:
    global _default
    _default = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # a child has none of its threads
