"""Exact Pareto fronts of LLM training plans.

    import isoflop as iso

    sweep = iso.Sweep({"params": iso.geomspace(1e9, 1e12, 1000), ...}, law="besiroglu2024")
    sweep.pareto(minimize=["loss", "total_usd"])

- Searching: :class:`Sweep`, with the axes' :func:`geomspace` and :func:`linspace`; :class:`Profile`.
- Laws: :func:`law`, :func:`laws`, :class:`Law`; several at once: :func:`losses`; rules of how to divide a
  budget: :func:`allocation`, :func:`allocations`, :class:`Allocation`; the standard quantities:
  :func:`accounting`. All beside what was published: :func:`checks`.
- From a shape that can be trained to counts and memory: :func:`architecture`, :func:`architectures`,
  :class:`Architecture`; sensible shapes: :func:`shapes`.
- From a budget to a choice with reasons: :func:`plan`, :class:`Plan`; GPUs: :func:`gpus`.
- From runs to a law: :func:`fit`, :class:`Fit`; forms against each other: :func:`compare`;
  named :func:`forms`;
  a parabola for each budget: :func:`isoflop_fit`.
- Real models: :func:`models`, and :func:`diagnose` of any against a law.
- The filter alone, for any frame: :func:`pareto`; as a Polars expression: :func:`is_pareto`.
- Exceptions under :class:`IsoflopError`, warnings under :class:`IsoflopWarning`.
"""

from typing import TYPE_CHECKING

from isoflop._exceptions import (
    ArchitectureError,
    CatalogError,
    DomainWarning,
    EdgeWarning,
    EmptyResultWarning,
    ExtrapolationWarning,
    FitError,
    FormulaError,
    IsoflopError,
    IsoflopWarning,
    LawError,
    LimitError,
    MissingValueWarning,
    SpaceError,
    UnreadAxisWarning,
)
from isoflop._native import __version__
from isoflop._text.portable import rebuild as _rebuild  # noqa: F401  (pickles name it)

if TYPE_CHECKING:
    from isoflop._accounting.table import accounting
    from isoflop._architecture.architecture import Architecture
    from isoflop._architecture.catalogue import architecture, architectures
    from isoflop._architecture.shapes import shapes
    from isoflop._fit.compare import compare
    from isoflop._fit.fit import fit
    from isoflop._fit.forms import forms
    from isoflop._fit.parabolas import isoflop_fit
    from isoflop._fit.result import Fit
    from isoflop._law.allocation import Allocation, allocation, allocations
    from isoflop._law.catalogue import law, laws
    from isoflop._law.checks import checks
    from isoflop._law.law import Law
    from isoflop._law.losses import losses
    from isoflop._models.diagnose import diagnose
    from isoflop._models.gpus import gpus
    from isoflop._models.models import models
    from isoflop._pareto.expression import is_pareto
    from isoflop._pareto.filter import pareto
    from isoflop._plan.plan import plan
    from isoflop._plan.result import Plan
    from isoflop._space.spacing import geomspace, linspace
    from isoflop._sweep.profile import Profile
    from isoflop._sweep.sweep import Sweep

__all__ = [
    "Allocation",
    "Architecture",
    "ArchitectureError",
    "CatalogError",
    "DomainWarning",
    "EdgeWarning",
    "EmptyResultWarning",
    "ExtrapolationWarning",
    "Fit",
    "FitError",
    "FormulaError",
    "IsoflopError",
    "IsoflopWarning",
    "Law",
    "LawError",
    "LimitError",
    "MissingValueWarning",
    "Plan",
    "Profile",
    "SpaceError",
    "Sweep",
    "UnreadAxisWarning",
    "__version__",
    "accounting",
    "allocation",
    "allocations",
    "architecture",
    "architectures",
    "checks",
    "compare",
    "diagnose",
    "fit",
    "forms",
    "geomspace",
    "gpus",
    "is_pareto",
    "isoflop_fit",
    "law",
    "laws",
    "linspace",
    "losses",
    "models",
    "pareto",
    "plan",
    "shapes",
]

# Loaded when they are used: a script that searches need not wait for plans, nor a command line that only says
# its version for polars.
_ON_USE = {
    "Allocation": "_law.allocation",
    "Architecture": "_architecture.architecture",
    "Fit": "_fit.result",
    "Law": "_law.law",
    "Plan": "_plan.result",
    "Profile": "_sweep.profile",
    "Sweep": "_sweep.sweep",
    "accounting": "_accounting.table",
    "allocation": "_law.allocation",
    "allocations": "_law.allocation",
    "architecture": "_architecture.catalogue",
    "architectures": "_architecture.catalogue",
    "checks": "_law.checks",
    "compare": "_fit.compare",
    "diagnose": "_models.diagnose",
    "fit": "_fit.fit",
    "forms": "_fit.forms",
    "geomspace": "_space.spacing",
    "gpus": "_models.gpus",
    "is_pareto": "_pareto.expression",
    "isoflop_fit": "_fit.parabolas",
    "law": "_law.catalogue",
    "laws": "_law.catalogue",
    "linspace": "_space.spacing",
    "losses": "_law.losses",
    "models": "_models.models",
    "pareto": "_pareto.filter",
    "plan": "_plan.plan",
    "shapes": "_architecture.shapes",
}


if not TYPE_CHECKING:  # a type checker shall still find misspelt names

    def __getattr__(name: str) -> object:
        if name not in _ON_USE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_ON_USE[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
