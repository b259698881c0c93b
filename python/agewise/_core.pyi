from typing import Any, List, Sequence, Tuple

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
