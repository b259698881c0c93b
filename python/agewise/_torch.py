"""A store for PyTorch's data loaders; imported only if torch is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Union

import numpy
import torch  # type: ignore[import-not-found,unused-ignore]

if TYPE_CHECKING:
    from ._training import Store


class StoreDataset(torch.utils.data.Dataset):  # type: ignore[type-arg,misc,unused-ignore]
    """Returned by Store.as_torch_dataset(). places: the place in the store of each of its items."""

    def __init__(
        self,
        store: Store,
        part: Optional[str],
        transform: Optional[Callable[[Any], Any]],
        target: Union[str, Callable[[int], Any]],
    ) -> None:
        self.store, self.transform = store, transform
        places = numpy.arange(len(store)) if part is None else store.splits[part]
        self._target = target if callable(target) else None
        self._values: Any = None
        if not callable(target):
            values = store.labels[target].astype(numpy.float32)
            places = places[~numpy.isnan(values[places])]
            self._values = torch.from_numpy(values[places])
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def _item(self, index: int, pixels: Any) -> tuple[Any, Any]:
        face = torch.from_numpy(pixels).permute(2, 0, 1).contiguous()
        if self.transform is not None:
            face = self.transform(face)
        return face, self._values[index] if self._target is None else self._target(int(self.places[index]))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._item(index, self.store.pictures(int(self.places[index]), threads=1))

    def __getitems__(self, indices: list[int]) -> list[tuple[Any, Any]]:
        """A whole batch, for DataLoader; with one thread, because each of its workers is a process of its own."""
        pixels = self.store.pictures(self.places[indices], threads=1)
        return [self._item(index, face) for index, face in zip(indices, pixels)]
