from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

version: str

_Path = str | bytes

class Error(RuntimeError): ...

class Estimator:
    def __init__(
        self,
        *,
        model: _Path,
        threads: int,
        ready_crops: bool,
        detect: bool,
        detector: _Path,
        small_faces: bool,
        distribution: bool,
        at_least: int,
        standard_kernels: bool,
    ) -> None: ...
    def files(self, files: Sequence[Any], /) -> List[Tuple[Any, ...]]: ...
    def images(self, images: Sequence[Any], bgr: bool, /) -> List[Tuple[Any, ...]]: ...
    @property
    def model_file(self) -> str: ...
    @property
    def warning(self) -> str: ...
    @property
    def notes(self) -> dict[str, str]: ...
    @property
    def classes(self) -> List[Tuple[str, float]]: ...

_Sink = Optional[Callable[[str, int, int, int], None]]
_Notice = Callable[[str], None]

class Store:
    def __init__(self, file: _Path, /) -> None: ...
    def __len__(self) -> int: ...
    def columns(self) -> Dict[str, List[Any]]: ...
    def rejects(self) -> Dict[str, int]: ...
    def read(self, places: Any, pixels: Any, threads: int, /) -> None: ...
    @property
    def side(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def recipe(self) -> str: ...
    @property
    def made_from(self) -> str: ...
    @property
    def complete(self) -> bool: ...

class PrepareOptions:
    labels: List[_Path]
    pictures: List[_Path]
    columns: str
    gender: str
    names: str
    recipe: _Path
    settings: List[str]
    limit: int
    sample: Optional[int]
    balance: bool
    threads: int

class TrainOptions:
    data: _Path
    further_data: List[_Path]
    recipe: _Path
    settings: List[str]
    resume: bool
    starts_from: _Path
    teacher: _Path
    folds: int
    ensemble: int
    leave_one_person_out: bool
    keep_model_only: bool
    threads: int
    standard_kernels: bool

class EvaluateOptions:
    data: _Path
    part: int
    other_cut: bool
    threads: int
    standard_kernels: bool

def prepare(
    store: _Path, options: PrepareOptions, progress: _Sink, notice: _Notice, /
) -> Tuple[int, int, Dict[str, int], int, bool, bool]: ...
def train(
    run: _Path,
    options: TrainOptions,
    progress: _Sink,
    notice: _Notice,
    epoch_done: Optional[Callable[[Dict[str, Any]], object]],
    /,
) -> None: ...
def evaluate(
    model: _Path, options: EvaluateOptions, progress: _Sink, notice: _Notice, /
) -> Tuple[str, List[int], List[float], List[float]]: ...
def read_model(model: _Path, /) -> Tuple[str, str, List[Tuple[str, float]], Dict[str, str], int, int]: ...
def export_model(model: _Path, file: _Path, /) -> None: ...
def read_log(run: _Path, /) -> List[Dict[str, Any]]: ...
