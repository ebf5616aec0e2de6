"""The inverse question: not the best loss for a budget, but the cheapest plan for a loss."""

import isoflop as iso

target = iso.law("besiroglu2024").loss(params=70e9, tokens=1.4e12)
print(f"As good as 70 B parameters on 1.4 T tokens: a loss of {target:.4f}")

# As a sweep: the target is a constraint, the price an objective. A finer grid comes closer to the target.
sweep = iso.Sweep(
    {
        "params": iso.geomspace(1e9, 1e12, 3_001),
        "tokens": iso.geomspace(1e11, 1e14, 3_001),
        "inference_tokens": 1e13,
        "mfu": 0.4,
        "inference_mfu": 0.2,
    },
    law="besiroglu2024",
    where=f"loss <= {target!r}",
)
columns = ["loss", "train_usd", "inference_usd", "serving_bytes"]
print("Cheapest to train, and cheapest over its life:")
print(sweep.best(minimize="train_usd", columns=columns))
print(sweep.best(minimize="total_usd", columns=columns))

print("What a smaller model costs: dollars against the memory that it is served from.")
print(sweep.pareto(minimize=["total_usd", "serving_bytes"], rows=8, columns=["tokens", "loss"]))

# As a plan: the same answer, to the last token, with its ranges, margins and second opinions.
print(iso.plan(goal="serving", target_loss=target, inference_tokens=1e13, mfu=0.4, inference_mfu=0.2))

# And the size turned round: how many tokens a 7 B model wants, by law and by rule.
laws = [iso.law(id) for id in ("besiroglu2024", "hoffmann2022-tex", "muennighoff2023")]
rules = [iso.allocation(id) for id in ("hoffmann2022-approach1", "llama3-2024")]
for source in (*laws, *rules):
    tokens = source.compute_optimal(params=7e9)["tokens"].item()
    print(f"7 B parameters want {tokens / 1e9:.0f} B tokens by {source.id}")
