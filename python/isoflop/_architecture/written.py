"""An architecture as a table of plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isoflop._architecture.content import ArchitectureContent
    from isoflop._architecture.records import Check

TEXTS = ("title", "convention", "evidence")


def content_table(architecture: ArchitectureContent) -> dict[str, Any]:
    """Return an architecture as a table; `architecture_from_mapping` gives it back."""
    table: dict[str, Any] = {"quantities": dict(architecture.quantities), "id": architecture.id}
    table["variables"] = {
        name: {key: text for key, text in variable._asdict().items() if text}
        for name, variable in architecture.variables.items()
    }
    for key in ("limits", "attention_flops", "train_flops"):
        if getattr(architecture, key):
            table[key] = dict(getattr(architecture, key))
    table |= architecture.conventions
    table |= {key: text for key in TEXTS if (text := getattr(architecture, key))}
    if architecture.caveats:
        table["caveats"] = list(architecture.caveats)
    if any(architecture.source):
        table["source"] = {key: text for key, text in architecture.source._asdict().items() if text}
    if architecture.checks:
        table["checks"] = [_check(check) for check in architecture.checks]
    return table


def _check(check: Check) -> dict[str, Any]:
    expected: dict[str, Any] = {"value": check.value, "tolerance": check.tolerance}
    expected |= {"from": check.origin} if check.origin else {}
    expected["reason"] = check.reason
    model = {"model": check.model} if check.model else {}
    return {"at": dict(check.at), **model, check.name: expected}
