"""Architectures: from a shape to counts, exact to the parameter; and sweeps over shapes."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import isoflop as iso
from isoflop import reference
from isoflop._architecture.evaluate import value_of

LLAMA_8B: dict[str, Any] = {
    "layers": 32,
    "d_model": 4096,
    "heads": 32,
    "kv_heads": 8,
    "d_ff": 14336,
    "vocab_size": 128256,
}
SMALL: dict[str, Any] = {
    "layers": [2, 4],
    "d_model": [256, 512],
    "heads": 4,
    "d_ff": [1024, 2048],
    "vocab_size": 1000,
    "context": 128,
    "tokens": [1e9, 1e10],
}
DEEPSEEK_V3: dict[str, Any] = {
    "layers": 61, "d_model": 7168, "heads": 128, "vocab_size": 129280, "experts": 256, "top_k": 8,
    "d_ff_expert": 2048, "shared_experts": 1, "dense_layers": 3, "d_ff": 18432, "q_lora_rank": 1536,
}  # fmt: skip
IDS = iso.architectures()["id"].to_list()

pytestmark = pytest.mark.filterwarnings("ignore::isoflop.ExtrapolationWarning")


def naive_llama(layers: int, d_model: int, heads: int, kv_heads: int, d_ff: int, vocab_size: int) -> int:
    """Count weights matrix by matrix."""
    head = d_model // heads
    layer = [
        (d_model, heads * head), (d_model, kv_heads * head), (d_model, kv_heads * head),
        (heads * head, d_model), (d_model, d_ff), (d_model, d_ff), (d_ff, d_model),
        (d_model, 1), (d_model, 1),
    ]  # fmt: skip
    matrices = layer * layers + [(vocab_size, d_model)] * 2 + [(d_model, 1)]
    return sum(rows * columns for rows, columns in matrices)


# Counts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", IDS)
def test_every_published_count_comes_out(id: str) -> None:
    architecture = iso.architecture(id)
    assert architecture.checks
    for check in architecture.checks:
        assert abs(value_of(architecture, check) - check.value) <= check.tolerance, (check.model, check.name)


@pytest.mark.parametrize("id", IDS)
def test_counts_of_real_models_are_exact_or_say_why_not(id: str) -> None:
    for check in iso.architecture(id).checks:
        if check.name == "params" and check.tolerance > 1e-6:
            assert "rounding" in check.reason or "unexplained" in check.reason


def test_checks_are_shown_with_those_of_laws() -> None:
    checks = iso.checks().filter(kind="architecture")
    assert checks.height > 100
    assert checks["passes"].all()
    assert set(checks["id"]) == set(IDS)


def test_a_count_is_that_of_the_matrices() -> None:
    for layers, d_model, heads, d_ff in product((1, 3), (256, 384), (2, 4), (512, 640)):
        shape = {
            "layers": layers,
            "d_model": d_model,
            "heads": heads,
            "kv_heads": 2,
            "d_ff": d_ff,
            "vocab_size": 1000,
        }
        assert iso.architecture("llama").counts(**shape)["params"] == naive_llama(**shape)


def test_a_llama_of_8_b_counts_as_the_codes_count() -> None:
    counts = iso.architecture("llama").counts(**LLAMA_8B, context=8192)
    assert counts["megatron_flops_per_token"] == 51_470_401_536
    assert counts["torchtitan_flops_per_token"] == 57_914_449_920
    assert counts["kv_bytes_per_token"] == 131_072


def test_a_deepseek_v3_keeps_70_272_bytes_a_token() -> None:
    counts = iso.architecture("deepseek3").counts(**DEEPSEEK_V3)
    assert counts["kv_bytes_per_token"] == 70_272
    assert counts["params"] == 671_026_419_200
    assert counts["active_params"] / counts["params"] == counts["activation"]


def test_tied_embeddings_are_counted_once() -> None:
    once, twice = (iso.architecture("llama").counts(**LLAMA_8B, tied=tied) for tied in (1, 0))
    assert twice["embedding_params"] == 2 * once["embedding_params"]
    assert twice["params"] - once["params"] == once["embedding_params"]
    assert twice["non_embedding_params"] == once["non_embedding_params"]


def test_full_attention_is_twice_the_causal() -> None:
    shape = dict(LLAMA_8B, context=8192)
    causal, full = (iso.architecture("llama", attention=kind).counts(**shape) for kind in ("causal", "full"))
    assert (
        full["attention_flops_per_token"] == 12 * 32 * 4096 * 8192 == 2 * causal["attention_flops_per_token"]
    )


@pytest.mark.parametrize(("context", "window"), [(16, 64), (64, 64), (200, 64)])
def test_a_sliding_layer_counts_the_pairs_that_its_window_leaves(context: int, window: int) -> None:
    shape = {
        "layers": 3,
        "d_model": 256,
        "heads": 4,
        "d_ff": 512,
        "vocab_size": 100,
        "window": window,
        "context": context,
    }
    counts = iso.architecture("mistral").counts(**shape)
    # Position i sees i + 1 tokens at most; the formula takes i + 1/2, as causal counts do.
    pairs = sum(min(i + 0.5, window) for i in range(context)) / context
    assert counts["attention_flops_per_token"] == pytest.approx(12 * 3 * 256 * pairs, rel=1e-12)
    assert counts["kv_bytes_per_sequence"] == 2 * 2 * 3 * 256 * min(context, window)


@pytest.mark.parametrize("id", IDS)
def test_real_models_are_listed_with_shapes_that_can_be_counted(id: str) -> None:
    built = iso.architecture(id)
    listed = built.models()
    expected = {check.model for check in built.checks if check.name == "params"}
    assert set(listed["model"]) >= expected
    for row in listed.iter_rows(named=True):
        shape = {name: x for name, x in row.items() if name != "model" and x is not None}
        counts = built.counts(**shape)
        for check in built.checks:
            if check.model == row["model"] and check.name == "params":
                assert abs(counts["params"] - check.value) <= check.tolerance


def test_the_table_of_models_leads_to_the_shapes_that_are_known() -> None:
    shapes = {(id, model) for id in IDS for model in iso.architecture(id).models()["model"]}
    models = iso.models()
    known = set(models.filter(pl.col("architecture") != "").select("architecture", "name").rows())
    assert known == {(id, model) for id, model in shapes if model in set(models["name"])}
    assert len(known) > 15
    for id, model in known:
        shape = iso.architecture(id).models().filter(model=model).drop("model").row(0, named=True)
        counts = iso.architecture(id).counts(**{name: x for name, x in shape.items() if x is not None})
        told = models.filter(name=model).row(0, named=True)
        assert counts["params"] == pytest.approx(told["params"], rel=0.02)
        assert counts["active_params"] == pytest.approx(told["active_params"], rel=0.02)


# Memory ---------------------------------------------------------------------------------------------


def naive_state(
    counts: dict[str, float], stage: int, tensor: int, pipeline: int, expert: int, data: int
) -> float:
    """Bytes of weights, gradients and optimizer on a GPU, part by part."""
    total = 0.0
    for part, copies in (
        (counts["params"] - counts["expert_params"], data),
        (counts["expert_params"], data // expert),
    ):
        local = part / tensor / pipeline / (data // copies)
        for threshold, size in ((3, 2), (2, 2), (1, 12)):
            total += size * local / (copies if stage >= threshold else 1)
    return total


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("tensor", "pipeline", "expert", "data"), [(1, 1, 1, 1), (2, 1, 4, 8), (8, 4, 8, 64)]
)
def test_training_state_is_that_of_its_parts(
    stage: int, tensor: int, pipeline: int, expert: int, data: int
) -> None:
    degrees = {
        "tensor_parallel": tensor,
        "pipeline_parallel": pipeline,
        "expert_parallel": expert,
        "data_parallel": data,
    }
    counts = iso.architecture("deepseek3").counts(**DEEPSEEK_V3, context=4096, zero_stage=stage, **degrees)
    expected = naive_state(counts, stage, tensor, pipeline, expert, data)
    assert counts["state_bytes_per_gpu"] == pytest.approx(expected, rel=1e-12)
    assert counts["train_bytes_per_gpu"] == counts["state_bytes_per_gpu"] + counts["activation_bytes_per_gpu"]


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
@pytest.mark.parametrize("expert", [1, 4])
def test_the_smallest_number_of_gpus_is_the_first_that_holds_it(stage: int, expert: int) -> None:
    shape = dict(
        DEEPSEEK_V3, layers=16, context=4096, tensor_parallel=8, pipeline_parallel=4, zero_stage=stage
    )
    shape |= {"expert_parallel": expert, "recomputation": 2}
    architecture = iso.architecture("deepseek3")
    smallest = architecture.counts(**shape, data_parallel=expert)["smallest_gpu_count"]
    fits = (
        8 * 4 * data
        for data in range(expert, 2000, expert)
        if architecture.counts(**shape, data_parallel=data)["train_bytes_per_gpu"] <= 80e9
    )
    assert smallest == next(fits, math.inf)


def test_recomputation_keeps_less_and_less() -> None:
    shape = dict(LLAMA_8B, context=8192)
    kept = [
        iso.architecture("llama").counts(**shape, recomputation=level)["activation_bytes_per_token"]
        for level in range(3)
    ]
    assert kept[0] - kept[1] == 2 * 32 * 32 * 8192
    assert kept[2] == 2 * 32 * 4096 < kept[1]


def test_activations_of_gpt_are_those_of_the_paper() -> None:
    counts = iso.architecture("gpt").counts(layers=96, d_model=12288, heads=96, context=2048, recomputation=0)
    assert counts["activation_bytes_per_token"] == 96 * (34 * 12288 + 5 * 96 * 2048)


# In sweeps ------------------------------------------------------------------------------------------


def test_shapes_are_axes_and_counts_follow() -> None:
    sweep = iso.Sweep(SMALL, architecture="llama", law="besiroglu2024")
    table = sweep.table(columns=["params", "active_params", "embedding_params", "train_flops", "loss"])
    for row in table.iter_rows(named=True):
        shape = {name: row[name] for name in ("layers", "d_model", "d_ff")}
        params = naive_llama(**shape, heads=4, kv_heads=4, vocab_size=1000)
        assert row["params"] == row["active_params"] == params
        assert row["embedding_params"] == 2000 * row["d_model"]
        scores = 6 * row["layers"] * row["d_model"] * 128
        assert row["train_flops"] == (6 * params + scores) * row["tokens"]
        assert row["loss"] == iso.law("besiroglu2024").loss(params=params, tokens=row["tokens"])


@pytest.mark.parametrize("flops", [None, "megatron", "torchtitan"])
def test_the_reference_agrees(flops: str | None) -> None:
    sweep = iso.Sweep(SMALL, architecture=iso.architecture("llama", flops=flops), law="besiroglu2024")
    question: dict[str, Any] = {"minimize": ["loss", "train_flops"], "columns": ["kv_bytes_per_token"]}
    assert sweep.pareto(**question).equals(reference.pareto(sweep, **question))


@pytest.mark.parametrize(
    "name",
    [
        "params",
        "active_params",
        "activation",
        "non_embedding_params",
        "embedding_params",
        "experts",
        "kv_bytes_per_token",
    ],
)
def test_what_follows_from_a_shape_is_no_axis(name: str) -> None:
    for value in (1e9, [1e9, 2e9]):
        with pytest.raises(iso.SpaceError, match=f"`{name}` follows from the shape"):
            iso.Sweep({**SMALL, name: value}, architecture="llama")


def test_a_missing_dimension_is_named() -> None:
    axes = {name: x for name, x in SMALL.items() if name not in ("d_ff", "heads")}
    with pytest.raises(iso.ArchitectureError, match="needs `heads`, `d_ff`") as caught:
        iso.Sweep(axes, architecture="llama")
    assert caught.value.missing == ("heads", "d_ff")
    assert pickle.loads(pickle.dumps(caught.value)).missing == ("heads", "d_ff")


def test_a_slip_of_a_dimension_at_its_default_is_refused() -> None:
    with pytest.raises(iso.SpaceError, match="did you mean `kv_heads`"):
        iso.Sweep({**SMALL, "kv_head": 2}, architecture="llama")


def test_shapes_that_cannot_be_are_refused_unless_a_constraint_keeps_them_out() -> None:
    axes = {**SMALL, "kv_heads": [2, 8]}
    with pytest.raises(iso.SpaceError, match='where="kv_heads <= heads"'):
        iso.Sweep(axes, architecture="llama")
    assert iso.Sweep(axes, architecture="llama", where="kv_heads <= heads").table()["kv_heads"].max() == 2
    with pytest.raises(iso.SpaceError, match="`zero_stage` may be at most 3"):
        iso.Sweep({**SMALL, "zero_stage": 4}, architecture="llama")
    frame = pl.DataFrame({"kv_heads": [None, 4, 8]})
    with pytest.raises(iso.SpaceError, match="`kv_heads` may be at most `heads`"):
        iso.Sweep({**SMALL, "kv": frame}, architecture="llama")
    together = pl.DataFrame({"heads": [4, 8], "kv_heads": [4, 8]})
    axes = {name: x for name, x in SMALL.items() if name != "heads"}
    assert iso.Sweep({**axes, "kv": together}, architecture="llama").size == 32
    with pytest.raises(iso.SpaceError, match="`window` is -1"):
        iso.Sweep({**SMALL, "window": -1}, architecture="mistral")


def test_a_quantity_may_give_a_dimension() -> None:
    axes = {name: x for name, x in SMALL.items() if name != "d_ff"}
    sweep = iso.Sweep(axes, architecture="llama", quantities={"d_ff": "4 * d_model"})
    row = sweep.table(columns=["params"]).row(0, named=True)
    assert row["params"] == naive_llama(row["layers"], row["d_model"], 4, 4, 4 * row["d_model"], 1000)


@pytest.mark.parametrize("flops", [None, "megatron"])
@pytest.mark.parametrize(
    "budget",
    [{"train_flops": 1e21}, {"gpu_count": 64, "days": 10}, {"train_gpu_hours": 1e4}, {"train_usd": 1e5}],
)
def test_budgets_give_tokens_in_the_convention_chosen(flops: str | None, budget: dict[str, float]) -> None:
    axes: dict[str, Any] = {name: x for name, x in SMALL.items() if name != "tokens"}
    built = iso.architecture("llama", flops=flops)
    per_token = "megatron_flops_per_token" if flops else "6*active_params + attention_flops_per_token"
    table = iso.Sweep({**axes, **budget}, architecture=built).table(
        columns=["train_flops", "tokens", per_token]
    )
    assert (table["tokens"] * table[per_token] / table["train_flops"] - 1).abs().max() < 1e-12  # type: ignore[operator]


def test_compute_and_tokens_are_one_too_many_and_a_shape_cannot_be_dropped() -> None:
    with pytest.raises(iso.SpaceError, match=r"drop `train_flops` or `tokens`$"):
        iso.Sweep({**SMALL, "train_flops": 1e21}, architecture="llama")


def test_tokens_per_parameter_follow_the_size_of_the_shape() -> None:
    axes: dict[str, Any] = {name: x for name, x in SMALL.items() if name != "tokens"}
    built = iso.architecture("llama", flops="torchtitan")
    table = iso.Sweep({**axes, "tokens_per_param": 20}, architecture=built).table(
        columns=["tokens", "params", "train_flops"]
    )
    assert (table["tokens"] == 20 * table["params"]).all()


def test_explain_tells_the_convention() -> None:
    for changes, told in (
        ({}, "causal: 6*layers"),
        ({"attention": "full"}, "full: 12*layers"),
        ({"flops": "megatron"}, "as megatron counts"),
    ):
        sweep = iso.Sweep(SMALL, architecture=iso.architecture("llama", **changes))
        text = sweep.explain(minimize="train_flops")
        assert told in text
        assert "llama, not given" in text


def test_explain_tells_where_rows_of_memory_come_from() -> None:
    text = iso.Sweep(SMALL, architecture="llama").explain(minimize="train_bytes_per_gpu")
    assert "Rajbhandari" in text
    assert "Korthikanti" in text


@pytest.mark.filterwarnings("ignore::isoflop.EdgeWarning")
def test_the_smallest_number_of_gpus_is_sought_over_degrees() -> None:
    axes: dict[str, Any] = dict(DEEPSEEK_V3, context=4096, recomputation=2, zero_stage=1)
    axes |= {"tensor_parallel": [1, 2, 4, 8], "pipeline_parallel": [1, 4, 16], "expert_parallel": [1, 8, 64]}
    sweep = iso.Sweep(axes, architecture="deepseek3")
    best = sweep.best(minimize="smallest_gpu_count", columns=["train_bytes_per_gpu"])
    assert (
        best["smallest_gpu_count"].item()
        == sweep.table(columns=["smallest_gpu_count"])["smallest_gpu_count"].min()
    )


def test_a_law_of_mixtures_reads_its_sizes_from_the_shape() -> None:
    axes: dict[str, Any] = {
        "layers": [8, 12], "d_model": 512, "heads": 8, "d_ff_expert": 1536, "vocab_size": 50257,
        "experts": [2, 8, 32], "top_k": 1, "tokens": [1e10], "context": 1024,
    }  # fmt: skip
    sweep = iso.Sweep(axes, architecture="mixtral", law="ludziejewski2025")
    table = sweep.table(columns=["loss", "params", "active_params", "sparsity", "weight_bytes"])
    for row in table.iter_rows(named=True):
        counts = iso.architecture("mixtral").counts(**{n: row.get(n, axes[n]) for n in axes if n != "tokens"})
        assert row["params"] == counts["params"]
        assert row["weight_bytes"] == 2 * counts["params"]
        assert row["sparsity"] == 1 - 1 / row["experts"]
        law = iso.law("ludziejewski2025")
        at = {"active_params": counts["active_params"], "tokens": 1e10, "experts": row["experts"]}
        assert row["loss"] == pytest.approx(law.loss(**at), rel=1e-14)


def test_dense_laws_want_to_know_what_experts_are_worth() -> None:
    axes = {**SMALL, "d_ff_expert": 1024, "experts": [2, 8], "top_k": 1}
    axes.pop("d_ff")
    with pytest.raises(iso.LawError, match="moe_gain"):
        iso.Sweep(axes, architecture="mixtral", law="besiroglu2024").best(minimize="loss")
    sweep = iso.Sweep({**axes, "moe_gain": 0.35}, architecture="mixtral", law="besiroglu2024")
    table = sweep.table(columns=["loss"]).sort("loss")
    assert table["experts"].first() == 8


# As values ------------------------------------------------------------------------------------------

OWN: dict[str, Any] = {
    "quantities": {
        "params": "12*layers*d_model**2 + vocab_size*d_model",
        "kv_bytes_per_token": "4*layers*d_model",
    },
    "variables": {"layers": {"doc": "Blocks."}, "d_model": {}, "vocab_size": {"default": "50257"}},
    "limits": {"layers": "200"},
    "attention_flops": {"causal": "6*layers*d_model*context", "full": "12*layers*d_model*context"},
    "train_flops": {"mine": "7*params"},
    "id": "own",
    "caveats": ["None."],
    "source": {"where": "here"},
    "checks": [{"at": {"layers": 1, "d_model": 2, "vocab_size": 3}, "params": {"value": 54}}],
}

BUILT = [
    iso.architecture("llama"),
    iso.architecture("deepseek3", flops="torchtitan"),
    iso.architecture("gemma2", attention="full"),
    iso.architecture("gpt").replace(title="Another"),
    iso.Architecture(**OWN),
    iso.Architecture(**OWN, flops="mine"),
    iso.Architecture({"params": "layers * d_model**2"}),
]


@pytest.mark.parametrize("built", BUILT, ids=repr)
def test_an_architecture_survives_repr_and_pickle(built: iso.Architecture) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps(built, protocol)
        assert b"_architecture." not in data
        again = pickle.loads(data)
        assert again == built
        assert hash(again) == hash(built)
        assert repr(again) == repr(built)
    assert eval(repr(built)) == built
    assert built.replace() == built or not built.checks


@pytest.mark.parametrize("built", BUILT, ids=repr)
def test_a_sweep_over_shapes_survives_whatever_a_sweep_survives(
    built: iso.Architecture, tmp_path: Path
) -> None:
    shape = dict.fromkeys(built.dimensions_needed(()), 2)
    sweep = iso.Sweep({**shape, "tokens": [1e9, 2e9]}, architecture=built)
    path = tmp_path / "sweep.toml"
    sweep.to_toml(path)
    for again in (
        iso.Sweep.from_toml(path),
        pickle.loads(pickle.dumps(sweep)),
        eval(repr(sweep)),
        sweep.replace(),
    ):
        assert again == sweep
        assert hash(again) == hash(sweep)
        assert again.architecture == built
    assert sweep.replace(architecture=built.replace(title="Else")) != sweep
    assert built.id in str(sweep)


def test_a_sweep_file_names_an_architecture(tmp_path: Path) -> None:
    axes = "\n".join(f"{name} = {value}" for name, value in SMALL.items())
    path = tmp_path / "sweep.toml"
    (tmp_path / "mine.toml").write_text(
        'quantities = { params = "layers * d_model" }\nid = "mine"', encoding="utf-8"
    )
    for text, id in (
        ('architecture = "llama"\n', "llama"),
        ('architecture = { id = "llama", flops = "megatron" }\n', "llama"),
        ('architecture = "mine.toml"\n', "mine"),
        ('architecture = { params = "layers * d_model" }\n', "custom"),
    ):
        path.write_text(f"{text}[axes]\n{axes}\n", encoding="utf-8")
        built = iso.Sweep.from_toml(path).architecture
        assert built is not None
        assert built.id == id
    path.write_text(f'[axes]\n{axes}\narchitecture = "llama"\n', encoding="utf-8")
    with pytest.raises(iso.SpaceError, match="`architecture` stands in the table"):
        iso.Sweep.from_toml(path)
    path.write_text(f"architecture = 3\n[axes]\n{axes}\n", encoding="utf-8")
    with pytest.raises(iso.SpaceError, match="architecture: an identifier"):
        iso.Sweep.from_toml(path)


def test_an_architecture_of_ones_own_is_a_mapping_or_a_file(tmp_path: Path) -> None:
    mapping = {"params": "12*layers*d_model**2"}
    path = tmp_path / "mine.toml"
    path.write_text('quantities = { params = "12*layers*d_model**2" }', encoding="utf-8")
    axes: dict[str, Any] = {"layers": [1, 2], "d_model": 64, "tokens": 1e9}
    sweeps = [
        iso.Sweep(axes, architecture=given) for given in (mapping, str(path), iso.Architecture(mapping))
    ]
    assert sweeps[0] == sweeps[1] == sweeps[2]
    assert sweeps[0].table(columns=["params"])["params"].to_list() == [12 * 64**2, 24 * 64**2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quantities": {}}, "needs `params`"),
        ({"quantities": {"params": "layers * widht"}, "limits": {}}, "reads `widht`"),
        ({"variables": {"layers": {"defalt": "1"}}}, "did you mean `default`"),
        ({"attention": "half"}, "causal, full"),
        ({"flops": "palm"}, "there are mine"),
        ({"attention": "full", "flops": "mine"}, "leave attention out"),
        ({"limits": {"layers": "width"}}, "both must be dimensions"),
        ({"variables": {"params": {}}}, "both a dimension and a formula"),
        ({"evidence": "V9"}, "evidence must be"),
        ({"quantities": {"params": "layers", "two words": "1"}}, "is no name"),
        ({"quantities": {"params": "layers", "loss": "1"}}, "is no name"),
        ({"checks": [{"params": 1}]}, "a table with `at`"),
    ],
)
def test_what_is_no_architecture_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(iso.ArchitectureError, match=message):
        iso.Architecture(**OWN | changes)


def test_a_circle_of_formulas_is_told() -> None:
    built = iso.Architecture({"params": "layers * width", "width": "params + 1"})
    with pytest.raises(iso.FormulaError, match=r"params"):
        built.counts(layers=2)


def test_unknown_names_are_refused_with_what_was_meant() -> None:
    with pytest.raises(iso.CatalogError, match="did you mean `llama`"):
        iso.architecture("lama")
    with pytest.raises(TypeError, match="architecture must be"):
        iso.Sweep(SMALL, architecture=3)  # type: ignore[arg-type]
    with pytest.raises(iso.ArchitectureError, match="no field of an architecture"):
        iso.architecture("llama").replace(titel="x")
    with pytest.raises(iso.ArchitectureError, match="no dimension of `llama`"):
        iso.architecture("llama").counts(**LLAMA_8B, widht=3)


# Light ----------------------------------------------------------------------------------------------


def test_a_sweep_without_architecture_loads_none() -> None:
    code = (
        "import isoflop as iso, sys; iso.Sweep({'params': [1e9], 'tokens': [1e10]}, law='besiroglu2024')"
        ".best(minimize='loss'); print([m for m in sys.modules if '_architecture' in m])"
    )
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_a_search_over_shapes_tokens_and_experts_finds_what_enumeration_finds() -> None:
    axes: dict[str, Any] = {
        "layers": range(8, 72, 8), "d_model": range(512, 4608, 512), "heads": 16,
        "d_ff_expert": range(512, 2560, 512), "vocab_size": 50304,
        "experts": [2, 4, 8, 16, 32], "top_k": 1, "context": 2048,
        "tokens": iso.geomspace(1e10, 1e12, 25),
    }  # fmt: skip
    sweep = iso.Sweep(axes, architecture="mixtral", law="ludziejewski2025", where="weight_bytes <= 1e11")
    question: dict[str, Any] = {"minimize": ["loss", "train_flops"], "columns": ["params"]}
    assert sweep.size == 8 * 8 * 4 * 5 * 25
    assert sweep.pareto(method="search", **question).equals(sweep.pareto(method="enumerate", **question))
