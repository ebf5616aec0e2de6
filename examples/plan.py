"""A plan for each goal: the lowest loss, the cheapest life, the best data."""

import polars as pl

import isoflop as iso

# Worth of a token, how many there are (null: as many as are wanted), and the price of a distinct one.
pools = pl.DataFrame(
    {
        "pool": ["curated", "web"],
        "quality": [1.0, 0.4],
        "unique_tokens": [3e12, None],
        "usd_per_token": [4e-7, 2e-8],
    }
)

# 2,048 H100s for 60 days, served from eight GPUs of 80 GB: how big, how sparse, on which data?
print(iso.plan(gpu_count=2048, days=60, pools=pools, moe_gain=0.35, serving_bytes=0.8 * 640e9))
print()

# As good as the best model for a million dollars, but to serve ten trillion tokens: train a smaller one.
serving = iso.plan(usd=1e6, goal="serving", inference_tokens=1e13)
print(serving)
print()

# 8 B parameters because they fit the product: which data, how often, and what would more of them buy?
print(iso.plan(flops=5e23, goal="data", params=8e9, pools=pools))

# The numbers are frames, and each can be computed again from the last sweep.
print(serving.front.select("budget_usd", "loss", "params", "tokens", "recommended"))
again = serving.sweep.best(minimize="loss", columns=["tokens", "total_usd"])
print(again.select("params", "tokens", "loss", "total_usd"))
