"""2,048 H100s for 60 days, curated or web data, eight GPUs of 80 GB to serve from: which model?"""

import polars as pl

import isoflop as iso

pools = pl.DataFrame(
    {
        "pool": ["curated", "web"],
        "quality": [1.0, 0.4],  # worth of a token; 1 is the corpus that the law was fitted on
        "unique_tokens": [15e12, 60e12],
        "usd_per_token": [4e-7, 2e-8],
    }
)
sweep = iso.Sweep(
    {
        "params": iso.geomspace(1e9, 1e12, 1_000),
        "activation": [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32],
        "tokens": iso.geomspace(1e11, 1e14, 1_000),
        "pool": pools,
        "gpu_count": 2048,
        "moe_gain": 0.35,
    },
    law="besiroglu2024",
    where=["days <= 60", "weight_bytes <= 0.8 * 640e9"],
)

print(f"{sweep.size:,} plans. The lowest loss at each sparsity:")
best = sweep.best(minimize="loss", by="activation", columns=["total_usd", "days"])
print(best.select("params", "activation", "tokens", "pool", "loss", "total_usd", "days"))

print("Loss against dollars, at most eight steps:")
front, profile = sweep.profile(minimize=["loss", "total_usd"], rows=8)
print(front.select("params", "activation", "tokens", "pool", "loss", "total_usd"))
print(profile)
