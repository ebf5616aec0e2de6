"""Curated data, web data or both? The best plan for a budget, with data for free and with data to be paid.

Two pools: curated text, of which there are 15 T tokens, and web text, 60 T tokens, each worth 0.4 of a
curated one. A pool that runs out is repeated. Where curated tokens have a price, it is paid out of the
budget: the money that so many FLOP cost has to buy the data too.

Differences are told in compute: `worth` is the compute at which the law's own optimum, on endless curated
data for free, reaches the same loss, as a share of the budget. The qualities are assumptions: measure yours.
"""

import warnings
from typing import Any

import polars as pl

import isoflop as iso

LAW = iso.law("besiroglu2024")
POOLS = pl.DataFrame({"pool": ["curated", "web"], "quality": [1.0, 0.4], "unique_tokens": [15e12, 60e12]})
PRICE = 1e-7  # dollars for a curated token; the web is free
LOWEST, HIGHEST = 1e20, 1e30  # FLOP between which crossings are looked for

SHARES: dict[str, Any] = {"curated": 1.0, "web": 0.0, "mixture": iso.linspace(0, 1, 201)}
"""What each choice may take of its tokens from the curated pool."""

COLUMNS = ["params", "curated_tokens", "web_tokens", "curated_epochs", "web_epochs", "data_usd", "total_usd"]


def best(budgets: list[float], price: float, choice: str) -> pl.DataFrame:
    """Return the plan of the least loss at each budget, a row for each."""
    sweep = iso.Sweep(
        {"budget": budgets, "all_tokens": iso.geomspace(1e7, 1e17, 2001), "curated_share": SHARES[choice]},
        law=LAW,
        pools=POOLS.with_columns(usd_per_token=pl.Series([price, 0.0])),
        quantities={
            "curated_tokens": "curated_share * all_tokens",
            "web_tokens": "(1 - curated_share) * all_tokens",
            # The size is what the budget leaves, once the data is paid.
            "data_flops": "data_usd / usd_per_gpu_hour * 3600 * peak_flops * mfu",
            "params": "(budget - data_flops) / (6 * all_tokens)",
        },
        where="data_flops < budget",
    )
    with warnings.catch_warnings():
        # Far outside the fitted range, as the column `extrapolation` says.
        warnings.simplefilter("ignore", iso.IsoflopWarning)
        found = sweep.best(minimize="loss", by="budget", columns=COLUMNS)
    worth = LAW.equivalent_flops(found["loss"].to_numpy()) / found["budget"]
    return found.select("budget", "loss", *COLUMNS, "extrapolation", worth=worth)


def compare(budgets: list[float], price: float) -> pl.DataFrame:
    """Return the best plan of each choice at each budget, in the order of `SHARES`."""
    choices = [best(budgets, price, choice).with_columns(choice=pl.lit(choice)) for choice in SHARES]
    return pl.concat(choices).sort("budget", maintain_order=True)


def crossings(price: float) -> dict[str, float | None]:
    """Return the first budget of two events, None where there is none between `LOWEST` and `HIGHEST`.

    `pool`: the better of the two pools is another than at the lowest budget. `mixture`: the mixture is worth
    over 1 % more compute than the better pool.
    """
    curated, web, mixture = (pl.col(choice) for choice in SHARES)
    events = {
        "pool": (curated > web) != (curated > web).first(),
        "mixture": mixture > 1.01 * pl.max_horizontal(curated, web),
    }
    found: dict[str, float | None] = {}
    for name, event in events.items():
        low, high, found[name] = LOWEST, HIGHEST, None
        for _ in range(3):  # each round looks between two budgets of the one before
            budgets = iso.geomspace(low, high, 61).tolist()
            worth = compare(budgets, price).pivot("choice", index="budget", values="worth")
            happened = worth.select(event).to_series().arg_true()
            if happened.is_empty():
                break
            first = happened[0]
            found[name] = budgets[first]
            low, high = budgets[max(first - 1, 0)], budgets[max(first, 1)]
    return found


FORMATS = {
    "budget": "8.0e",
    "choice": ">8",
    "params": "9.3g",
    "curated_tokens": "15.3g",
    "curated_epochs": "15.2f",
    "web_tokens": "11.3g",
    "web_epochs": "11.2f",
    "data_usd": "10.2e",
    "total_usd": "10.2e",
    "loss": "8.4f",
    "worth": "7.1%",
    "extrapolation": "14.1f",
}
"""What is printed of a plan, and how."""


def main() -> None:
    """Print the comparison and the crossings."""
    widths = {name: int(format.lstrip(">").split(".")[0].rstrip("%")) for name, format in FORMATS.items()}
    events = {
        "pool": "the better of the two pools changes",
        "mixture": "the mixture is worth over 1 % more compute than the better pool",
    }
    for price in (0.0, PRICE):
        print(f"Curated tokens at {price:g} dollars each, web tokens for nothing")
        print(" ".join(f"{name:>{width}}" for name, width in widths.items()))
        for row in compare([1e24, 1e26], price).iter_rows(named=True):
            print(" ".join(f"{row[name]:{format}}" for name, format in FORMATS.items()))
        for name, budget in crossings(price).items():
            where = f"At {budget:.2e}" if budget else f"Nowhere from {LOWEST:.0e} to {HIGHEST:.0e}"
            print(f"{where} FLOP: {events[name]}.")
        print()


if __name__ == "__main__":
    main()
