"""Models by name: those that come with agewise, and all others by their path."""

from __future__ import annotations

import errno
import os
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Union

_RESEARCH_ONLY, _PERMISSIVE = "compact", "permissive"


def model_named(model: Optional[Union[str, os.PathLike[str]]]) -> bytes:
    """What the library is to open: a file or a run, or where none has that name, "compact" (also for None), the model of
    the package agewise-model-compact, and "permissive", which comes with agewise
    itself (of Debian's packages: agewise-model-permissive).

    Raises FileNotFoundError for any other path that does not exist."""
    if model is not None and os.path.exists(model):
        return os.fsencode(model)
    name = _RESEARCH_ONLY if model is None else os.fspath(model)
    if name == _RESEARCH_ONLY:
        try:
            import agewise_model_compact  # type: ignore[import-not-found,unused-ignore]
        except ImportError:  # the library looks in the folder where it is installed itself, and says what to do
            return b"" if model is None else os.fsencode(name)
        return os.fsencode(agewise_model_compact.path)
    if name == _PERMISSIVE:
        return os.fsencode(_PERMISSIVE)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
