"""Progress of what takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Union

#: Called with a stage, how much of it is done, and how much there is; ``True`` shows bars.
Progress = Union[Callable[[str, int, int], object], bool, None]


def callback(progress: Progress) -> Callable[[str, int, int], object] | None:
    """What the native half calls."""
    if progress is True:
        return _Bars()
    if progress is None or progress is False:
        return None
    if not callable(progress):
        raise TypeError("progress is True or a function of (stage, done, total)")
    return progress


class _Bars:
    """A bar for each stage: tqdm's where it is installed, which suits notebooks, else a line."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            tqdm = None
        self._tqdm = tqdm

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self._tqdm is None:
            end = "\n" if done == total else ""
            print(f"\r{stage:<18} {done}/{total}", end=end, file=sys.stderr, flush=True)
            return
        if stage != self._stage:
            self._stage = stage
            self._bar = self._tqdm(total=total, desc=stage)
        self._bar.update(done - self._bar.n)
        if done == total:
            self._bar.close()
            self._stage = ""
