"""A sweep as a value: what it holds, changed copies, files and pickles. Nothing is asked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from isoflop._sweep.binding import Binding
from isoflop._sweep.describe import describe
from isoflop._sweep.description import Description
from isoflop._text.frozen import Frozen
from isoflop._text.portable import rebuild

if TYPE_CHECKING:
    import polars as pl

    from isoflop._architecture.architecture import Architecture
    from isoflop._law.law import Law
    from isoflop._pareto.arguments import Formulas
    from isoflop._space.axes import AxisValues


class SweepValue:
    """What a sweep is made of. `isoflop.Sweep` documents the parameters, and asks questions of it."""

    __slots__ = ("__weakref__", "_binding", "_described")

    def __init__(
        self,
        axes: Mapping[str, AxisValues],
        *,
        law: str | Law | None = None,
        quantities: Mapping[str, str] | None = None,
        where: Formulas = (),
        pools: pl.DataFrame | Mapping[str, Sequence[Any]] | None = None,
        architecture: str | Architecture | Mapping[str, Any] | None = None,
    ) -> None:
        self._described = describe(axes, law, quantities, where, pools, architecture)
        self._binding: Binding | None = None

    @property
    def size(self) -> int:
        """Exact number of configurations."""
        return self._described.size

    @property
    def axes(self) -> Mapping[str, pl.Series | pl.DataFrame | float]:
        """Everything given as an axis, by name: a series, a frame if linked, a number if constant."""
        given: dict[str, pl.Series | pl.DataFrame | float] = {
            axis.name: axis.public() for axis in self._described.axes
        }
        return Frozen(given | dict(self._described.scalars))

    @property
    def law(self) -> Law | None:
        """The law that gives ``loss``."""
        return self._described.law

    @property
    def quantities(self) -> Mapping[str, str]:
        """The user's formulas by name."""
        return Frozen(self._described.quantities)

    @property
    def where(self) -> tuple[str, ...]:
        """The constraints."""
        return self._described.where

    @property
    def pools(self) -> pl.DataFrame | None:
        """The pools of data, ``None`` if there are none."""
        from isoflop._sweep.pools import pool_frame

        return pool_frame(self._described.pools) if self._described.pools else None

    @property
    def architecture(self) -> Architecture | None:
        """The architecture that gives counts from a shape."""
        return self._described.architecture

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SweepValue):
            return NotImplemented
        return self._described.same(other._described)

    def __hash__(self) -> int:
        return self._described.hash()

    def __repr__(self) -> str:
        from isoflop._sweep.written import sweep_text

        return sweep_text(self._described)

    def __str__(self) -> str:
        from isoflop._sweep.page import sweep_page

        return sweep_page(self._described).text()

    def _repr_html_(self) -> str:
        from isoflop._sweep.page import sweep_page

        return sweep_page(self._described).html()

    def __reduce__(self) -> tuple[Any, ...]:
        content = (
            dict(self.axes),
            self.law,
            dict(self.quantities),
            self.where,
            self.pools,
            self.architecture,
        )
        return rebuild, ("Sweep", *content)

    @classmethod
    def _rebuilt(
        cls,
        axes: Mapping[str, AxisValues],
        law: Law | None,
        quantities: Mapping[str, str],
        where: tuple[str, ...],
        pools: pl.DataFrame | None,
        architecture: Architecture | None = None,  # older pickles have none
    ) -> Self:
        return cls(axes, law=law, quantities=quantities, where=where, pools=pools, architecture=architecture)

    @classmethod
    def _of(cls, described: Description) -> Self:
        """Make a sweep of what has been read and judged."""
        sweep = cls.__new__(cls)
        sweep._described, sweep._binding = described, None
        return sweep

    def replace(self, **changes: Any) -> Self:
        """Return a changed copy.

        Parameters
        ----------
        **changes
            Keywords of the constructor (``axes``, ``law``, ``quantities``, ``where``, ``pools``,
            ``architecture``), each replaced as a whole.

        Examples
        --------
        >>> import isoflop as iso
        >>> sweep = iso.Sweep({"params": [1e9], "tokens": [2e10]}, law="besiroglu2024")
        >>> sweep.replace(law="hoffmann2022").law.id
        'hoffmann2022'
        """
        given: dict[str, Any] = {
            "axes": self.axes,
            "law": self.law,
            "quantities": self.quantities,
            "where": self.where,
            "pools": self.pools,
            "architecture": self.architecture,
        }
        for name in changes:
            if name not in given:
                raise TypeError(f"a sweep has no {name!r} to replace, only {', '.join(given)}")
        given |= changes
        return type(self)(given.pop("axes"), **given)

    def with_axes(self, /, **changes: AxisValues | None) -> Self:
        """Return a copy with some axes or scalars set, added or removed.

        Parameters
        ----------
        **changes
            Values by name, as the constructor takes them. What is there keeps its place, what is new comes
            last; ``None`` removes. A linked axis goes by its own name.

        Raises
        ------
        SpaceError
            If what is to be removed is not there, or the changed sweep is none: see the constructor.

        Examples
        --------
        >>> import isoflop as iso
        >>> sweep = iso.Sweep({"params": [1e9], "tokens": [2e10]}, law="besiroglu2024")
        >>> sweep.with_axes(tokens=[2e10, 4e10], gpu_count=[256, 512], mfu=0.5).size
        4
        >>> sweep.with_axes(tokens=None, train_flops=1e21).axes["train_flops"]
        1e+21
        """
        from isoflop._sweep.changes import changed_axes

        return self.replace(axes=changed_axes(self._described, self.axes, changes))

    def filter(self, /, *constraints: str) -> Self:
        """Return a copy with further constraints.

        Parameters
        ----------
        *constraints
            Formulas that are conditions, such as ``"days <= 60"``; those of the sweep stay.

        Raises
        ------
        FormulaError
            If one cannot be read.
        TypeError
            If one is no text.

        Examples
        --------
        >>> import isoflop as iso
        >>> sweep = iso.Sweep({"params": iso.geomspace(1e8, 1e10, 21)}, where="params >= 1e9")
        >>> sweep.filter("params <= 2e9").where
        ('params >= 1e9', 'params <= 2e9')
        """
        from isoflop._sweep.changes import changed_where

        return self.replace(where=changed_where(self._described, constraints))

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a sweep file.

        Raises
        ------
        SpaceError, FormulaError, LawError, CatalogError
            If the file does not describe a sweep; the message names file and key. So it does if a file
            that it names cannot be read; these are looked for from the folder that it is in.
        OSError
            If it cannot be read.
        """
        from isoflop._sweep.file import read

        return cls._of(read(path).described)

    def to_toml(self, path: str | Path | None = None) -> str:
        """Return the sweep as the text of a sweep file, and write it to ``path`` if one is given.

        Reading the file gives an equal sweep. A null is written as ``nan``, and a column of nulls alone as
        ``{ nulls = 2, kind = "text" }``; TOML has no null, and no value of a linked column is NaN.
        """
        from isoflop._sweep.file import dump

        text = dump(self._described)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def _bind(self) -> Binding:
        if self._binding is None:
            self._binding = Binding(self._described)
        return self._binding
