"""What there is to say of a model."""

from __future__ import annotations

import html
import json
import os
import pathlib
from typing import Any


class Report:
    """Accuracy against the float model, the layers that hurt, ranges, gas, cost to deploy.

    Shown as a page in a notebook, as text elsewhere.
    """

    def __init__(self, text: str, data: str, page: str) -> None:
        self._text = text
        self._data = data
        self._page = page

    @property
    def text(self) -> str:
        """The report as ``fixpoint compile`` prints it."""
        return self._text

    @property
    def html(self) -> str:
        """The report as a page with plots: one text that needs no network."""
        return self._page

    def to_dict(self) -> dict[str, Any]:
        """Everything in it, as ``fixpoint compile --json`` gives it."""
        data: dict[str, Any] = json.loads(self._data)
        return data

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the page to a file."""
        pathlib.Path(path).write_text(self._page, encoding="utf-8")

    def _repr_html_(self) -> str:
        # A frame of its own: neither page changes how the other looks, and nothing in it runs.
        page = html.escape(self._page, quote=True)
        return (
            f'<iframe srcdoc="{page}" sandbox="" title="Fixpoint report"'
            ' style="width:100%;height:48rem;border:0"></iframe>'
        )

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return self._text.rstrip()
