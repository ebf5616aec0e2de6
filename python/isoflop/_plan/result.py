"""What `plan` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from isoflop._plan.content import PlanContent
from isoflop._plan.export import as_dict, exported, markdown, page
from isoflop._plan.text import plan_html, plan_text
from isoflop._text.frozen import Frozen
from isoflop._text.portable import rebuild


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plan(PlanContent):
    """What `plan` returns: a recommended plan, and what one needs to defend or to doubt it.

    Every number comes from exact sweeps, and ``sweep.best(minimize="loss")`` is the recommended plan.

    Attributes
    ----------
    question
        The arguments of `plan`.
    recommended
        One row: ``params`` (stored; for mixtures also ``active_params``, ``activation`` and what else was
        chosen), ``tokens`` (and those from each pool), ``tokens_per_param`` (each active one, as everywhere;
        for mixtures also ``tokens_per_stored_param``), ``epochs`` (and of each pool), ``loss``,
        ``train_flops``, ``train_gpu_hours``, ``days`` if ``gpu_count`` is given, prices in US dollars, bytes
        to serve from, ``extrapolation`` if the law states a fitted range, and what is spent of the budget.
    front
        Loss against what is spent, from a tenth of the recommended plan's to ten times as much: rows that no
        other beats, with the columns of ``recommended`` and a last one that marks it. What is spent is in the
        first column: ``train_flops``, ``days``, ``budget_usd`` (training and data), or for ``goal="serving"``
        ``total_usd``, the cost over the life, whatever the budget.
    ranges
        How far each axis can move, all others chosen anew within the same budget: a row for each ``axis``,
        and from ``low_20`` and ``low_5`` to ``high_5`` and ``high_20`` where compute is still worth at least
        80 and 95 %. Values are good to 1 %, on the inside; an end may also be that of what constraints allow.
    margins
        The best at nine tenths of the budget and at a tenth more (for ``goal="serving"`` of the cost):
        ``share``, the budget, ``loss``, ``loss_change``, and ``compute_change``, the change told as compute
        that the law's own optimum would need more or less of.
    opinions
        What laws of size and tokens and allocation rules recommend for the plan's training compute, each
        counting all tokens as fresh ones of its own corpus: ``id``, ``kind`` (law or rule), ``params``
        (stored), ``active_params``, ``tokens``, ``tokens_per_param`` (each active one),
        ``tokens_per_stored_param``, ``compute_efficiency`` of the plan under that law (null for rules),
        ``extrapolation`` (decades outside its fitted range, null if it states none), ``evidence`` (see
        `isoflop.laws`), ``counts`` (not if the evidence is V3 or the extrapolation above two decades) and
        ``own`` (the plan's law, which comes first). For a mixture, laws that read ``moe_gain`` recommend one
        of the same sparsity, the others and the rules a dense model. Losses are not compared: corpora and
        tokenizers differ.
    more_data
        For ``goal="data"``: what twice the supply of each pool would buy, one at a time, as ``pool``,
        ``unique_tokens``, ``loss``, ``loss_change`` and ``compute_change``. Otherwise ``None``.
    baseline
        For ``goal="serving"``: the plan that is cheapest to train to the same loss, limits aside, with the
        cost of its life. Otherwise ``None``.
    warnings
        Sentences: fitted ranges that are left and by how much, ends of axes, limits that decide, what is left
        of the budget, assumptions.
    sweep
        The sweep that gives the recommended plan: over axes around it, with every formula, price and limit.
        For a mixture of pools its axes are the tokens taken from each.
    """

    def to_markdown(self) -> str:
        """Return the plan as a page of Markdown: its text with all second opinions, as tables."""
        return markdown(self)

    def to_html(self) -> str:
        """Return the plan as an HTML page that stands alone."""
        return page(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as what JSON can hold.

        Returns
        -------
        dict
            The frames by name, each a list of records, or ``None`` where the plan has none; NaN and
            infinities are null there, and ``non_finite`` lists the columns of each frame that had any.
            ``question`` has the arguments as given, ``warnings`` the sentences, ``version`` that of isoflop.
        """
        return as_dict(self)

    def save(self, path: str | Path) -> None:
        """Write the plan to a file; ``.md``, ``.html`` or ``.json`` tells the format.

        Raises
        ------
        ValueError
            If the suffix is another one.
        OSError
            If it cannot be written.
        """
        Path(path).write_text(exported(self, Path(path).suffix), encoding="utf-8")

    def __reduce__(self) -> tuple[Any, ...]:
        content = {part.name: getattr(self, part.name) for part in fields(self)}
        return rebuild, ("Plan", content | {"question": dict(self.question)})

    @classmethod
    def _rebuilt(cls, content: Mapping[str, Any]) -> Plan:
        return cls(**{**content, "question": Frozen(content["question"])})

    def __repr__(self) -> str:
        return plan_text(self)

    def _repr_html_(self) -> str:
        return plan_html(self)
