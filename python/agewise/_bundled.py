"""Models by name: those that come with agewise, and all others by their path."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Union

    PathLike = Union[str, "os.PathLike[str]"]

_RESEARCH_ONLY, _PERMISSIVE = "compact", "permissive"


def there(path: PathLike) -> bytes:
    """The path as the core takes it, of any bytes. Raises FileNotFoundError if it does not exist."""
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
    return os.fsencode(path)


def model_named(model: Optional[PathLike]) -> bytes:
    """What the library is to open. A file or a run is taken as it is; otherwise "compact", or None, is the model of the
    package agewise-model-compact, and "permissive" the one that comes with agewise (of Debian's packages:
    agewise-model-permissive). Raises FileNotFoundError for anything else."""
    if model is not None and not _is_bundled(model):
        return there(model)
    if model == _PERMISSIVE:
        return os.fsencode(_PERMISSIVE)
    try:
        import agewise_model_compact  # type: ignore[import-not-found,unused-ignore]
    except ImportError:  # the library looks in the folder where it is installed itself, and says what to do
        return b""
    return os.fsencode(agewise_model_compact.path)


def _is_bundled(model: PathLike) -> bool:
    """As the library has it: unless a file or a run has that name."""
    a_run = os.path.exists(os.path.join(model, "recipe.toml"))
    return model in (_RESEARCH_ONLY, _PERMISSIVE) and not os.path.isfile(model) and not a_run
