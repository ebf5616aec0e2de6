"""What `fit` returns."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from isoflop._fit.content import FitContent
from isoflop._fit.holdout import holdout
from isoflop._fit.summary import html, text
from isoflop._law.table import law_to_mapping
from isoflop._text import toml as _toml
from isoflop._text.portable import rebuild


class Fit(FitContent):
    """A fitted form: made by `iso.fit`.

    What takes time (intervals, draws) is computed when it is first asked for, and kept.
    """

    def holdout(self, by: str = "train_flops", share: float = 0.2) -> pl.DataFrame:
        """Refit without the runs that are largest by something, and predict these."""
        return holdout(self, by, share)

    def summary(self) -> str:
        """Return what there is to know, as text."""
        return text(self)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        runs, formula = self._setting.runs, self._setting.bound.formula
        return f"<Fit of {formula!r} to {runs} runs, objective {self.objective:.9g}>"

    def _repr_html_(self) -> str:
        return html(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the law's file, with a table ``[fit]``; ``iso.law(path)`` reads it."""
        setting = self._setting
        data = hashlib.sha256()
        for name, column in (*setting.variables.items(), (setting.loss, setting.observed)):
            data.update(name.encode() + b"\0" + np.ascontiguousarray(column).tobytes())
        record: dict[str, Any] = {"form": setting.bound.formula, "residual": setting.residual}
        if self.delta is not None:
            record["delta"] = self.delta
        record |= {"objective": self.objective, "runs": setting.runs, "rows": len(setting.observed)}
        record |= {"data": f"sha256:{data.hexdigest()}", "coefficients": list(setting.bound.coefficients)}
        record["covariance"] = self._widened.tolist()
        table = law_to_mapping(self.law) | {"fit": record}
        plain = {key: item for key, item in table.items() if not isinstance(item, Mapping)}
        lines = [_toml.entry(key, item) for key, item in plain.items()]
        lines += [_toml.table(key, item) for key, item in table.items() if isinstance(item, Mapping)]
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def __reduce__(self) -> tuple[Any, ...]:
        # The same runs and keywords give the same bits, so these are all that is kept.
        form, keywords = self._setting.again
        return rebuild, ("fit", self._setting.frame, form, dict(keywords))
