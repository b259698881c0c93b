from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

version: str

class Error(RuntimeError): ...

class Estimator:
    def __init__(
        self,
        *,
        model: str,
        threads: int,
        ready_crops: bool,
        detect: bool,
        detector: str,
        small_faces: bool,
        distribution: bool,
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
    def __init__(self, file: str, /) -> None: ...
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
    labels: List[str]
    pictures: List[str]
    columns: str
    gender: str
    names: str
    recipe: str
    settings: List[str]
    limit: int
    sample: Optional[int]
    balance: bool
    threads: int

class TrainOptions:
    data: str
    recipe: str
    settings: List[str]
    resume: bool
    starts_from: str
    teacher: str
    folds: int
    ensemble: int
    leave_one_person_out: bool
    keep_model_only: bool
    threads: int
    standard_kernels: bool

class EvaluateOptions:
    data: str
    part: int
    other_cut: bool
    threads: int
    standard_kernels: bool

def prepare(
    store: str, options: PrepareOptions, progress: _Sink, notice: _Notice, /
) -> Tuple[int, int, Dict[str, int], int, bool, bool]: ...
def train(
    run: str,
    options: TrainOptions,
    progress: _Sink,
    notice: _Notice,
    epoch_done: Optional[Callable[[Dict[str, Any]], object]],
    /,
) -> None: ...
def evaluate(
    model: str, options: EvaluateOptions, progress: _Sink, notice: _Notice, /
) -> Tuple[str, List[int], List[float], List[float]]: ...
def read_model(model: str, /) -> Tuple[str, str, List[Tuple[str, float]], Dict[str, str], int, int]: ...
def export_model(model: str, file: str, /) -> None: ...
def read_log(run: str, /) -> List[Dict[str, Any]]: ...
