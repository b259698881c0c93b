"""Stores, runs and models: the commands `agewise prepare`, `train`, `evaluate` and `export` as Python functions."""

from __future__ import annotations

import os

from . import _core
from ._bundled import model_named, there
from ._results import Prepared, Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Optional, Union

    import numpy
    from numpy.typing import NDArray

    from . import Estimator
    from ._bundled import PathLike
    from ._torch import StoreDataset

    Paths = Union[PathLike, Sequence[PathLike]]
    Settings = Union[Mapping[str, Any], Iterable[str], None]
    Told = Union[bool, Callable[[Progress], object], None]

_PARTS = ("train", "val", "test")


class Store:
    """A face store made by prepare(): faces with their labels, open for reading.

    It has len(store) faces of store.shape == (height, width, channels), in the order of the label files. A place is an
    index from 0 to len(store) - 1. Any number of threads may use it at once. It can be pickled and used in a forked
    process, where it opens the file again. Needs numpy.

    store[7]: one face, uint8 of height × width × channels, grey (1) or RGB (3). store[3:9], store[[1, 5]]: several
    faces, of n × height × width × channels.

    Raises FileNotFoundError, and Error for a file that is broken, is not a store or is being written.
    """

    def __init__(self, path: PathLike) -> None:
        _numpy()
        self.path = os.path.abspath(os.fsdecode(there(path)))  # another process may be in another folder
        self._core = _core.Store(os.fsencode(self.path))
        self._process = os.getpid()
        self._labels: Optional[dict[str, NDArray[Any]]] = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Store, (self.path,)

    def _open(self) -> _core.Store:
        if self._process != os.getpid():
            # SQLite's connection must not be used, and not be closed either, in a process that was forked off.
            _of_other_processes.append(self._core)
            self._core, self._process = _core.Store(os.fsencode(self.path)), os.getpid()
        return self._core

    def __len__(self) -> int:
        return len(self._core)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every face."""
        return self._core.side, self._core.side, self._core.channels

    @property
    def labels(self) -> dict[str, NDArray[Any]]:
        """The labels: a dict of arrays, each of length len(store).

        row: number of the label row, from 0. file, source, person, race: str, "" if not known. age: years, NaN if only
        a range is known. age_low, age_high: the ends of the range, or the age. age_sigma: standard deviation in years,
        or NaN. gender: "female", "male" or "". part: "train", "val" or "test". box: n × 4, left, top, right, bottom in
        pixels of the upright picture that the face was cut out of, NaN if it is the whole picture. angle: degrees,
        clockwise. replicated: share of the face crop that lies outside its picture, 0 to 1.
        """
        if self._labels is None:
            columns = self._open().columns()
            self._labels = {name: _numpy().array(values) for name, values in columns.items()}
            self._labels["box"] = self._labels["box"].reshape(-1, 4)
        return self._labels

    @property
    def splits(self) -> dict[str, NDArray[numpy.intp]]:
        """The places of the faces in "train", "val" and "test", ascending."""
        return {part: _numpy().flatnonzero(self.labels["part"] == part) for part in _PARTS}

    @property
    def rejects(self) -> dict[str, int]:
        """How many label rows were rejected, by reason."""
        return self._open().rejects()

    @property
    def recipe(self) -> str:
        """The recipe that the store was made with, as TOML."""
        return self._core.recipe

    @property
    def made_from(self) -> str:
        """The label files with their hashes, and the options that selected rows, one per line."""
        return self._core.made_from

    @property
    def complete(self) -> bool:
        """False if prepare() was stopped before the end; the same call resumes it."""
        return self._core.complete

    def pictures(self, places: Any = None, *, threads: int = 0) -> NDArray[numpy.uint8]:
        """The faces at these places (one place, an array, a list or a slice; None: all), decoded, as uint8 of
        n × height × width × channels. threads: by default one per processor."""
        numpy = _numpy()
        chosen = numpy.arange(len(self), dtype=numpy.uintp)
        if places is not None:  # numpy counts from the end, too, and refuses what is not there
            chosen = chosen[list(places) if isinstance(places, tuple) else places]
        pixels: NDArray[Any] = numpy.empty((*chosen.shape, *self.shape), numpy.uint8)
        self._open().read(numpy.ascontiguousarray(chosen), pixels, threads)
        return pixels

    def __getitem__(self, place: Any) -> NDArray[numpy.uint8]:
        return self.pictures(place, threads=0 if hasattr(place, "__len__") or isinstance(place, slice) else 1)

    def to_frame(self) -> Any:
        """The labels as a pandas DataFrame, one row per face."""
        pandas = _needs("pandas", "to_frame()")
        columns = dict(self.labels)
        box = columns.pop("box")
        columns.update(zip(("left", "top", "right", "bottom"), box.T))
        return pandas.DataFrame(columns)

    def as_torch_dataset(
        self,
        part: Optional[str] = "train",
        *,
        transform: Optional[Callable[[Any], Any]] = None,
        target: Union[str, Callable[[int], Any]] = "age",
    ) -> StoreDataset:
        """A torch.utils.data.Dataset of (face, target), for a DataLoader with any number of workers.

        face: a uint8 tensor of channels × height × width, or what `transform` returns for it. target: the name of a
        label ("age", "age_sigma" …), which becomes a float32 tensor, or a function that returns the target for the
        place of a face. part: "train", "val", "test", or None for all. Faces whose label is NaN, such as an age known
        only as a range, are left out.
        """
        _needs("torch", "as_torch_dataset()")
        from ._torch import StoreDataset

        if part is not None and part not in _PARTS:
            raise ValueError('part must be "train", "val", "test" or None')
        return StoreDataset(self, part, transform, target)

    def __repr__(self) -> str:
        height, width, channels = self.shape
        colour = "grey" if channels == 1 else "RGB"
        return f"<agewise.Store {self.path}: {len(self):,} {colour} faces of {width}×{height}{'' if self.complete else ', incomplete'}>"


_of_other_processes: list[Any] = []


class Run:
    """A run, the folder of one training: recipe, log and checkpoints. Raises FileNotFoundError, and Error for a folder
    that is not a run."""

    def __init__(self, path: PathLike) -> None:
        self.path = os.fsdecode(there(path))
        self._epochs()

    def _epochs(self) -> list[dict[str, Any]]:
        return _core.read_log(os.fsencode(self.path))

    @property
    def log(self) -> dict[str, NDArray[Any]]:
        """The figures of the finished epochs: a dict of arrays. They are read from the file each time, so this can be
        used while the run is being trained.

        epoch (from 1), train_loss, train_accuracy (0 to 1), train_mae (years), validation_loss, validation_accuracy,
        validation_mae, validation_epsilon_error (NaN if not known), learning_rate, seconds, images_per_second,
        wait_seconds, seconds_left, best (whether the epoch was better than all before it). Needs numpy.
        """
        epochs = self._epochs()
        return {name: _numpy().array([epoch[name] for epoch in epochs]) for name in _LOG}

    @property
    def best(self) -> Optional[dict[str, Any]]:
        """The figures of the best epoch, whose weights are the run's model; None before the first epoch has ended."""
        return next((epoch for epoch in reversed(self._epochs()) if epoch["best"]), None)

    @property
    def networks(self) -> list[Run]:
        """The runs of the networks of a cross-validation or an ensemble; otherwise empty."""
        inside = sorted(entry.path for entry in os.scandir(self.path) if entry.is_dir())
        return [Run(path) for path in inside if os.path.exists(os.path.join(path, "recipe.toml"))]

    @property
    def model(self) -> Model:
        """The best epoch's model."""
        return Model(self.path)

    @property
    def recipe(self) -> str:
        """The recipe as TOML, with every key."""
        with open(os.path.join(self.path, "recipe.toml"), encoding="utf-8") as file:
            return file.read()

    def to_frame(self) -> Any:
        """The log as a pandas DataFrame, one row per epoch."""
        return _needs("pandas", "to_frame()").DataFrame(self.log, columns=_LOG)

    def __repr__(self) -> str:
        best = self.best
        told = f": best epoch {best['epoch']}, validation MAE {best['validation_mae']:.2f} years" if best else ""
        return f"<agewise.Run {self.path}{told}>"


_LOG = (
    "epoch", "train_loss", "train_accuracy", "train_mae", "validation_loss", "validation_accuracy", "validation_mae",
    "validation_epsilon_error", "learning_rate", "seconds", "images_per_second", "wait_seconds", "seconds_left", "best",
)  # fmt: skip


class Model:
    """A model file, or a run's best checkpoint, or one that comes along, as for Estimator.

    file: its path. recipe: TOML. classes: name and years of each age class. notes: "licence", "data" …
    parameters: number of parameters of all its networks. networks: 1, or the number of members of an ensemble.
    """

    def __init__(self, path: Optional[PathLike] = None) -> None:
        named = model_named(path)
        told = _core.read_model(named)
        self.file: str
        self.recipe: str
        self.classes: list[tuple[str, float]]
        self.notes: dict[str, str]
        self.parameters: int
        self.networks: int
        self.file, self.recipe, self.classes, self.notes, self.parameters, self.networks = told
        self._path = named if os.path.isdir(named) else os.fsencode(self.file)  # a run says more than its best checkpoint

    def to_onnx(self, path: PathLike) -> None:
        """Writes FILE.onnx, replacing any existing file: a network from pixels (float32, 0 to 255, batch × channels ×
        height × width) to class probabilities, or to years. Its metadata describe the rest of the preprocessing.

        Raises Error for a model that ONNX cannot hold: one with whitening, or with a gender head.
        """
        self._export(path, ".onnx")

    def to_safetensors(self, path: PathLike) -> None:
        """Writes FILE.safetensors, replacing any existing file: the complete model as one file."""
        self._export(path, ".safetensors")

    def _export(self, path: PathLike, ending: str) -> None:
        if not os.fspath(path).endswith(ending):
            raise ValueError(f"{os.fspath(path)}: the name must end in {ending}")
        _core.export_model(os.fsencode(self.file), os.fsencode(path))

    def estimator(self, **options: Any) -> Estimator:
        """An Estimator with this model; the options are those of Estimator."""
        from . import Estimator

        return Estimator(self.file, **options)

    def __repr__(self) -> str:
        networks = f"{self.networks} networks, " if self.networks > 1 else ""
        return f"<agewise.Model {self.file}: {networks}{self.parameters:,} parameters>"


class Evaluation:
    """The errors of a model on a part of a store.

    part: "train", "val" or "test". pictures: how many have an exact age; if none has, all figures are NaN.
    mae: mean absolute error in years. mean_error: mean of estimate - true age, in years.
    accuracy: share of pictures in the right class, 0 to 1.
    cs: {1: …, 3: …, 5: …, 10: …}, % of the pictures whose estimate is within so many years of the true age.
    baseline_mae: MAE of always predicting the mean age.
    caveats: what a reader of the figures must know, one sentence each.
    estimates: arrays row (as in Store.labels), age and estimate (years; NaN if there is none), one element for each
        picture of the part; needs numpy.
    """

    def __init__(self, told: tuple[str, list[int], list[float], list[float]]) -> None:
        import json  # late: it takes a third of the time to import agewise

        text, *self._estimates = told
        self._json: dict[str, Any] = json.loads(text)
        nothing: dict[str, Any] = {}
        everyone = self._json.get("all", {"pictures": 0, "model": nothing, "baseline": nothing})
        scores = everyone["model"]
        self.part: str = self._json["part"]
        self.pictures: int = everyone["pictures"]
        self.mae, self.mean_error, self.accuracy = (
            _number(scores.get(name)) for name in ("mae", "mean_error", "accuracy")
        )
        self.cs = {k: _number(scores.get(f"cs{k}")) for k in (1, 3, 5, 10)}
        self.baseline_mae = _number(everyone["baseline"].get("mae"))
        self.caveats: list[str] = self._json.get("caveats", [])

    @property
    def estimates(self) -> dict[str, NDArray[Any]]:
        return {name: _numpy().array(values) for name, values in zip(("row", "age", "estimate"), self._estimates)}

    def to_dict(self) -> dict[str, Any]:
        """Everything, as `agewise evaluate --json` prints it: by decade, gender and source, the confusion matrix …"""
        return self._json

    def __repr__(self) -> str:
        return (
            f"<agewise.Evaluation {self.part}, {self.pictures:,} pictures: MAE {self.mae:.2f} years "
            f"(mean age: {self.baseline_mae:.2f})>"
        )


def prepare(
    store: PathLike,
    labels: Paths,
    pictures: Paths,
    *,
    recipe: PathLike = "seed",
    settings: Settings = None,
    columns: Union[str, Mapping[str, Any]] = "",
    gender: str = "",
    names: str = "",
    limit: int = 0,
    sample: Optional[int] = None,
    balance: bool = False,
    threads: int = 0,
    progress: Told = None,
) -> Prepared:
    """Cuts the faces out of labelled pictures and writes them to `store`, a single file; an incomplete one is resumed.

    labels: label files: tables, IMDB-WIKI's .mat, pictures with ages in their names (docs/labels.md).
    pictures: folders, tar or zip files.
    recipe: a built-in name or a .toml file. settings: keys of the recipe, {"face.size": 64} or ["face.size=64"].
    columns, gender, names: how to read the labels, as the program's options of these names.
    limit: use only so many label rows, the first ones, or with sample, a seed, as many drawn at random.
    balance: drop rows at random until every class has as many as the rarest.
    threads: by default one per processor.
    progress: True for a progress bar (needs tqdm), or a function, called with a Progress about 20 times a second.

    The GIL is released meanwhile. After Ctrl-C, or an exception in `progress`, what is done is saved and the exception
    raised; the same call resumes. Messages for the user go to the logger "agewise".

    Raises FileNotFoundError, and Error, for example if no face could be prepared.
    """
    options = _core.PrepareOptions()
    options.labels = [there(path) for path in _list_of(labels)]
    options.pictures = [there(path) for path in _list_of(pictures)]
    options.recipe = os.fsencode(recipe)
    options.settings = _assignments(settings)
    options.columns = columns if isinstance(columns, str) else ",".join(f"{ours}={theirs}" for ours, theirs in columns.items())
    options.gender, options.names, options.limit, options.sample = gender, names, limit, sample
    options.balance, options.threads = balance, threads
    with _Shown(progress) as shown:
        return Prepared(*_core.prepare(os.fsencode(store), options, shown.sink, _notice))


def train(
    run: PathLike,
    data: Optional[Paths] = None,
    *,
    recipe: Optional[PathLike] = None,
    settings: Settings = None,
    resume: bool = False,
    start: Optional[PathLike] = None,
    teacher: Optional[PathLike] = None,
    folds: int = 0,
    ensemble: int = 0,
    leave_one_person_out: bool = False,
    keep_model_only: bool = False,
    threads: int = 0,
    kernels: str = "fastest",
    progress: Told = None,
    epoch_done: Optional[Callable[[dict[str, Any]], object]] = None,
) -> Run:
    """Trains a network on the store `data`, in the folder `run`. An interrupted run is resumed, bit for bit.

    data: a store, or a list of several to train on together; by default those of the run.
    recipe: a built-in name or a .toml file, by default the store's own.
    settings: keys of the recipe, {"train.epochs": 30}.
    resume: fail if there is no run yet.
    start: a model, named as for Estimator, whose weights to start from.
    teacher: a model, likewise, whose estimates are learned along with the labels.
    folds, ensemble, leave_one_person_out: train several networks; give at most one of these (docs/training.md).
    keep_model_only: at the end, delete the files that are only needed for resuming.
    threads: by default one per processor. kernels: as for Estimator.
    progress: as for prepare(). epoch_done: called after each epoch with its figures, a dict with the keys of Run.log; of
    several stores also "validation_by_store", a list of dicts with loss, accuracy and mae.

    After Ctrl-C, or an exception in one of these functions, the run is saved at once and the exception raised; the same
    call resumes. `agewise train` can resume the run as well, and `agewise evaluate run` draws its report.
    """
    options = _core.TrainOptions()
    stores = [] if data is None else [data] if isinstance(data, (str, bytes, os.PathLike)) else list(data)
    options.data = there(stores[0]) if stores else ""
    options.further_data = [there(store) for store in stores[1:]]
    options.recipe = "" if recipe is None else os.fsencode(recipe)
    options.settings, options.resume = _assignments(settings), resume
    options.starts_from = "" if start is None else model_named(start)
    options.teacher = "" if teacher is None else model_named(teacher)
    options.folds, options.ensemble, options.leave_one_person_out = folds, ensemble, leave_one_person_out
    options.keep_model_only, options.threads, options.standard_kernels = keep_model_only, threads, _is_standard(kernels)
    with _Shown(progress) as shown:
        _core.train(os.fsencode(run), options, shown.sink, _notice, epoch_done)
    return Run(run)


def evaluate(
    model: Union[PathLike, Model, Run, None] = None,
    data: Optional[PathLike] = None,
    *,
    part: Optional[str] = None,
    other_cut: bool = False,
    threads: int = 0,
    kernels: str = "fastest",
    progress: Told = None,
) -> Evaluation:
    """Measures a model on a part of the store `data` and compares it with baselines. Writes no files.

    model: as for Estimator.
    data: by default the run's own store, if it was trained on one alone.
    part: "train", "val" or "test"; by default test, or val if there is no test part.
    other_cut: accept faces that were cut out differently from those that the model was trained on.
    The other arguments are those of train().
    """
    if isinstance(model, Model):
        path = model._path
    else:
        path = model_named(model.path if isinstance(model, Run) else model)
    options = _core.EvaluateOptions()
    options.data = "" if data is None else there(data)
    if part is not None:
        if part not in _PARTS:
            raise ValueError('part must be "train", "val" or "test"')
        options.part = _PARTS.index(part)
    options.other_cut, options.threads, options.standard_kernels = other_cut, threads, _is_standard(kernels)
    with _Shown(progress) as shown:
        return Evaluation(_core.evaluate(path, options, shown.sink, _notice))


class _Shown:
    """The function that the core calls for `progress`, and its progress bar."""

    def __init__(self, progress: Told) -> None:
        self.sink: Optional[Callable[[str, int, int, int], None]] = None
        self._bar: Any = None
        self._what = ""  # that the bar shows
        if callable(progress):
            receiver = progress

            def tell(what: str, done: int, total: int, rejects: int) -> None:
                receiver(Progress(what, done, total, rejects))

            self.sink = tell
        elif progress:
            self._tqdm = _needs("tqdm.auto", "progress=True", package="tqdm").tqdm
            self.sink = self._draw

    def _draw(self, what: str, done: int, total: int, rejects: int) -> None:
        if self._bar is None or self._what != what:
            self.close()
            self._what = what
            self._bar = self._tqdm(desc=what, total=total or None, initial=done)
        self._bar.total = total or None
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> _Shown:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _notice(sentence: str) -> None:
    import logging

    logging.getLogger("agewise").warning(sentence)


def _numpy() -> Any:
    return _needs("numpy", "agewise.Store and arrays")


def _needs(module: str, what: str, package: str = "") -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as problem:
        package = package or module
        raise ImportError(f"{what} needs {package}: pip install {package}", name=package) from problem


def _list_of(paths: Paths) -> list[PathLike]:
    return [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)


def _assignments(settings: Settings) -> list[str]:
    """"key=value" with the value in TOML. A str is passed as it is: a string, unless it is another TOML value."""
    if settings is None:
        return []
    if isinstance(settings, str):
        raise TypeError('settings must be a dict or a list of "key=value"')
    if hasattr(settings, "items"):
        import json

        return [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in settings.items()]
    return list(settings)


def _is_standard(kernels: str) -> bool:
    if kernels not in ("fastest", "standard"):
        raise ValueError('kernels must be "fastest" or "standard"')
    return kernels == "standard"


def _number(value: Optional[float]) -> float:
    return float("nan") if value is None else value
