"""The accounting: its table, its numbers, and how it resolves what is asked."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files

import numpy as np
import polars as pl
import pytest

import isoflop as iso
from isoflop._accounting.formula import names_in
from isoflop._accounting.quantities import quantities
from isoflop._accounting.resolve import resolve
from isoflop._accounting.vocabulary import LAW_QUANTITIES
from isoflop.catalog.files import all_quantity_tables, further_names, further_tables, quantity_tables
from support.resolutions import resolved, value

BIBLIOGRAPHY = files("isoflop").joinpath("catalog", "references.bib")

UNITS = {
    "1",
    "FLOP",
    "FLOP/s",
    "FLOP/token",
    "US dollar",
    "US dollar/hour",
    "US dollar/token",
    "bit",
    "bit/byte",
    "bit/parameter",
    "byte",
    "byte/parameter",
    "day",
    "hour",
    "parameter",
    "token",
    "token/parameter",
}

# The order of the table in which the design lists the quantities.
LISTED = (
    "params",
    "active_params",
    "activation",
    "embedding_params",
    "non_embedding_params",
    "active_non_embedding_params",
    "effective_params",
    "tokens",
    "tokens_per_param",
    "epochs",
    "fresh_tokens",
    "effective_tokens",
    "train_flops",
    "inference_flops_per_token",
    "inference_flops",
    "lifetime_flops",
    "train_gpu_hours",
    "inference_gpu_hours",
    "days",
    "batch_tokens",
    "steps",
    "train_usd",
    "inference_usd",
    "data_usd",
    "total_usd",
    "weight_bytes",
    "train_state_bytes",
    "kv_bytes",
    "serving_bytes",
)

# What must be given for each alternative to be the one that is used, in the order of the table.
REACHED = {
    "params": ["non_embedding_params", "active_params", "train_usd tokens_per_param"],
    "active_params": [
        *("params active_non_embedding_params", "params", "tokens tokens_per_param"),
        "gpu_count days tokens_per_param",
    ],
    "activation": ["params active_params"],
    "embedding_params": ["vocab_size d_model"],
    "non_embedding_params": ["params"],
    "active_non_embedding_params": ["non_embedding_params activation", "non_embedding_params", "params"],
    "effective_params": ["params moe_gain", "params"],
    "tokens": ["epochs unique_tokens", "params tokens_per_param", "params train_flops"],
    "tokens_per_param": ["params tokens"],
    "epochs": ["tokens"],
    "unique_tokens": ["tokens"],
    "fresh_tokens": ["tokens"],
    "effective_tokens": ["tokens"],
    "train_flops": [
        *("params tokens", "gpu_count days", "train_gpu_hours", "train_usd"),
        "tokens tokens_per_param",
    ],
    "compute_efficiency": ["equivalent_flops params tokens"],
    "attention_flops_per_token": ["layers d_model context"],
    "inference_flops_per_token": ["params"],
    "inference_flops": ["params"],
    "lifetime_flops": ["params tokens"],
    "train_gpu_hours": ["params tokens"],
    "inference_gpu_hours": ["params"],
    "days": ["params tokens gpu_count"],
    "batch_tokens": ["tokens"],
    "steps": ["tokens"],
    "train_usd": ["params tokens"],
    "inference_usd": ["params"],
    "data_usd": ["tokens"],
    "total_usd": ["params tokens"],
    "weight_bytes": ["params"],
    "train_state_bytes": ["params"],
    "kv_bytes": ["layers kv_heads head_dim resident_tokens"],
    "serving_bytes": ["params"],
    "sparsity": ["experts"],
    "router_params": ["d_model experts layers"],
    "switch_params": ["d_model vocab_size experts layers"],
    "switch_active_params": ["d_model vocab_size layers"],
    "fine_grained_params": ["d_model experts layers"],
    "fine_grained_active_params": ["d_model layers"],
    "fine_grained_train_flops": ["d_model experts layers tokens"],
    "ling_granularity": ["d_model d_expert"],
    "efficiency_leverage": ["sparsity train_flops"],
    "hoffmann_layer_flops_per_sequence": ["layers d_model d_ff heads head_dim context"],
    "hoffmann_vocab_flops_per_sequence": ["context vocab_size d_model"],
    "hoffmann_train_flops": ["layers d_model d_ff heads head_dim context vocab_size tokens"],
    "deepseek_flops_per_token": ["layers d_model context"],
    "weight_bits": ["training_bits"],
    "activation_bits": ["training_bits"],
    "kv_bits": ["training_bits"],
    "precision_train_flops": ["params tokens"],
    "learning_rate": ["params tokens"],
}

ALTERNATIVES = [
    pytest.param(table["name"], alternative, position, id=f"{table['name']}-{position}")
    for table in all_quantity_tables()
    for position, alternative in enumerate(table.get("alternatives", ()))
    # Without `params` this one says what is missing.
    if (table["name"], position) != ("active_params", 4)
]


# The table ------------------------------------------------------------------------------------------


def test_quantities_stand_in_the_order_of_the_design() -> None:
    names = [table["name"] for table in all_quantity_tables()]
    assert [name for name in names if name in LISTED] == list(LISTED)
    assert len(set(names)) == len(names)


def test_every_quantity_has_a_known_unit_and_a_sentence() -> None:
    for table in all_quantity_tables():
        assert table["unit"] in UNITS, table["name"]
        assert table["doc"].endswith("."), table["name"]


def test_every_quantity_can_be_had_or_shows_how_to_give_it() -> None:
    for table in all_quantity_tables():
        always = [row for row in table.get("alternatives", ()) if not row.get("needs")]
        assert always or "default" in table or "example" in table, table["name"]


@pytest.mark.parametrize(("name", "alternative", "position"), ALTERNATIVES)
def test_every_name_in_an_alternative_is_a_quantity(
    name: str, alternative: Mapping[str, str], position: int
) -> None:
    needs = {name for need in alternative.get("needs", ()) for name in re.split(r"[ |+]+", need)}
    assert needs | set(names_in(alternative["formula"])) <= {*quantities(), *LAW_QUANTITIES}


def reached_by_check(name: str) -> list[str]:
    """Return what the first check of a further quantity, which has one formula, is given."""
    table = next(table for table in further_tables(further_names()[name]) if table["name"] == name)
    assert len(table["alternatives"]) == 1
    return list(table["checks"][0]["at"])


@pytest.mark.parametrize("file", sorted(set(further_names().values())))
def test_names_of_further_quantities_are_those_of_their_files(file: str) -> None:
    listed = [name for name, home in further_names().items() if home == file]
    assert listed == [table["name"] for table in further_tables(file)]
    assert not set(listed) & {table["name"] for table in quantity_tables()}


def test_the_knowledge_of_a_person_is_the_logarithm_of_how_many_there_can_be() -> None:
    people = 2 * 12 * 28 * 200 * 200 * 300 * 100 * 263
    assert value("bits_per_fact", {}) == pytest.approx(math.log2(people), abs=5e-7)
    assert value("bits_per_fact", {}) == pytest.approx(47.6, abs=0.05)  # printed


def test_further_quantities_are_read_when_one_is_named() -> None:
    script = """if True:
        import isoflop as iso
        from isoflop._accounting.quantities import further, quantities
        plan = {"params": [1e9, 2e9], "tokens": [1e10]}
        sweep = iso.Sweep(plan, law="besiroglu2024")
        sweep.best(minimize="loss")
        assert further.cache_info().currsize == 0, "read unasked"
        assert "accuracy_mmlu" in quantities() and "accuracy_mmlu" in list(quantities())
        assert further.cache_info().currsize == 0, "read for its names"
        assert sweep.best(maximize="accuracy_mmlu")["params"].item() == 2e9
        assert further.cache_info().currsize == 1
    """
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)


@pytest.mark.parametrize(("name", "alternative", "position"), ALTERNATIVES)
def test_every_alternative_is_reached(name: str, alternative: Mapping[str, str], position: int) -> None:
    given = REACHED[name][position].split() if name in REACHED else reached_by_check(name)
    steps = {step.name: step for step in resolved(name, dict.fromkeys(given, 1.0)).steps}
    assert steps[name].how == "alternative"
    assert steps[name].formula == alternative["formula"]
    assert steps[name].note == alternative.get("note", "")
    assert not math.isnan(value(name, dict.fromkeys(given, 1.0)))


def test_every_key_in_brackets_is_in_the_bibliography() -> None:
    keys = set(re.findall(r"^@\w+\{(\w+),", BIBLIOGRAPHY.read_text(), re.MULTILINE))
    for table in all_quantity_tables():
        for key in re.findall(r"\[(\w+)\]", table.get("source", "")):
            assert key in keys, table["name"]


def test_accounting_lists_the_table_as_a_frame() -> None:
    frame = iso.accounting()
    names = [
        "name",
        "unit",
        "formulas",
        "default",
        "source",
        "doc",
        "domain",
        "aliases",
        "given_twice",
        "with",
    ]
    assert frame.columns == names
    assert frame.height == len(all_quantity_tables())
    tokens = frame.row(by_predicate=pl.col("name") == "tokens", named=True)
    assert tokens["formulas"][1] == "tokens_per_param * active_params"
    assert tokens["domain"] == "(0, inf)"
    assert tokens["aliases"] == ["D"]
    assert "tokens = tokens_per_param * active_params" in tokens["given_twice"]
    context = frame.row(by_predicate=pl.col("name") == "context", named=True)
    assert context["with"] == ["attention_flops_per_token"]
    assert tokens["default"] is None
    assert frame.row(by_predicate=pl.col("name") == "mfu", named=True)["default"] == 0.35


# Numbers --------------------------------------------------------------------------------------------


def test_gpu_hours_of_llama_405b_come_out() -> None:
    hours = value("train_gpu_hours", {"train_flops": 3.8e25})
    assert hours == pytest.approx(30.5e6, abs=0.05e6)
    assert hours == pytest.approx(30.84e6, rel=0.015)


def test_gpu_hours_of_deepseek_v3_come_out() -> None:
    hours = value("train_gpu_hours", {"active_params": 37e9, "params": 671e9, "tokens": 14.8e12})
    assert hours == pytest.approx(2.64e6, abs=0.005e6)
    assert hours == pytest.approx(2.664e6, rel=0.015)


def test_effective_tokens_without_repetition_are_quality_times_tokens_to_the_bit() -> None:
    for tokens in np.geomspace(1.0, 1e15, 101):
        assert value("effective_tokens", {"tokens": tokens, "quality": 0.7}) == 0.7 * tokens
        given = {"tokens": tokens, "unique_tokens": 3 * tokens}
        assert value("effective_tokens", given) == tokens


@pytest.mark.parametrize(("epochs", "share"), [(2, 0.9841), (4, 0.9314), (16, 0.6614), (40, 0.3792)])
def test_repeated_tokens_are_worth_what_muennighoff_says(epochs: float, share: float) -> None:
    given = {"tokens": epochs * 1e11, "unique_tokens": 1e11}
    assert value("effective_tokens / tokens", given) == pytest.approx(share, abs=5e-5)
    assert value("epochs", given) == epochs


def test_moe_gain_of_one_half_is_the_geometric_mean() -> None:
    given = {"params": 4e11, "active_params": 1e10, "moe_gain": 0.5}
    assert value("effective_params", given) == pytest.approx((4e11 * 1e10) ** 0.5, rel=1e-14)
    assert value("effective_params", given | {"moe_gain": 0.0}) == 1e10


def test_attention_counts_when_the_shape_is_given() -> None:
    shape = {"layers": 32, "d_model": 4096, "context": 8192}
    assert value("attention_flops_per_token", shape) == 12 * 32 * 4096 * 8192
    assert value("attention_flops_per_token", {"layers": 32}) == 0


def test_keys_and_values_count_when_the_shape_is_given() -> None:
    shape = {"layers": 32, "kv_heads": 8, "head_dim": 128, "resident_tokens": 1000}
    assert value("kv_bytes", shape) == 2 * 32 * 8 * 128 * 2 * 1000
    weights_only = resolved("serving_bytes", {"params": 1e9})
    assert {step.name: step.note for step in weights_only.steps}["kv_bytes"] == "weights only"


def test_total_is_training_serving_and_data() -> None:
    given = {"params": 1e10, "tokens": 1e12, "inference_tokens": 1e12, "usd_per_token": 1e-7}
    parts = [value(name, given) for name in ("train_usd", "inference_usd", "data_usd")]
    assert value("total_usd", given) == sum(parts)
    assert all(part > 0 for part in parts)


# Inverse questions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "given", "expected"),
    [
        ("tokens", {"train_flops": 6e21, "params": 1e9}, 1e12),
        ("tokens", {"train_flops": 6e21, "params": 1e10, "activation": 0.1}, 1e12),
        ("tokens", {"tokens_per_param": 20.0, "params": 1e9}, 2e10),
        ("tokens_per_param", {"tokens": 2e10, "params": 1e9}, 20.0),
        ("params", {"active_params": 1e9, "activation": 0.125}, 8e9),
        ("params", {"active_params": 1e9}, 1e9),
        ("active_params", {"params": 8e9, "activation": 0.125}, 1e9),
        ("activation", {"params": 8e9, "active_params": 1e9}, 0.125),
        ("activation", {"params": 8e9}, 1.0),
        ("params", {"non_embedding_params": 1e9}, 1e9),
        ("params", {"non_embedding_params": 1e9, "vocab_size": 1e4, "d_model": 1e3}, 1e9 + 2e7),
        ("active_params", {"non_embedding_params": 8e9, "active_params": 1e9}, 1e9),
        ("activation", {"non_embedding_params": 8e9, "active_params": 1e9}, 0.125),
        ("activation", {"non_embedding_params": 8e9, "active_non_embedding_params": 1e9}, 0.125),
        ("active_params", {"non_embedding_params": 8e9, "active_non_embedding_params": 1e9}, 1e9),
        ("params", {"active_non_embedding_params": 1e9, "activation": 0.125}, 8e9),
        ("non_embedding_params", {"params": 1e9, "vocab_size": 1e4, "d_model": 1e3}, 1e9 - 2e7),
        ("active_non_embedding_params", {"non_embedding_params": 1e9, "activation": 0.5}, 5e8),
        ("train_flops", {"params": 1e9, "tokens": 1e10}, 6e19),
    ],
)
def test_inverse_questions_come_out(asked: str, given: dict[str, float], expected: float) -> None:
    assert value(asked, given) == expected


def test_a_dense_size_without_embeddings_is_read_to_the_bit() -> None:
    for size in np.geomspace(1e6, 1e12, 301):
        given = {"non_embedding_params": size, "vocab_size": 50257.0, "d_model": 4097.0}
        assert value("active_non_embedding_params", given) == size


# Resolution -----------------------------------------------------------------------------------------


def test_steps_are_what_was_asked_for_and_operands_come_first() -> None:
    resolution = resolve(
        ("days",), columns=("params", "tokens"), scalars={"gpu_count": 64.0}, quantities={}, law=None
    )
    names = [step.name for step in resolution.steps]
    assert names == [
        "params",
        "activation",
        "active_params",
        "attention_flops_per_token",
        "tokens",
        "train_flops",
        "peak_flops",
        "mfu",
        "train_gpu_hours",
        "gpu_count",
        "days",
    ]
    how = {step.name: step.how for step in resolution.steps}
    assert how["params"] == how["gpu_count"] == "given"
    assert how["mfu"] == "default"
    assert how["days"] == "alternative"
    assert set(resolution.definitions) == set(names) - {"params", "tokens"}
    assert resolution.definitions["gpu_count"] == 64.0


def test_values_of_scalars_are_not_remembered() -> None:
    first = resolved("gpu_count", {"gpu_count": 1.0})
    second = resolved("gpu_count", {"gpu_count": 2.0})
    first.definitions["gpu_count"] = 3.0
    assert second.definitions == {"gpu_count": 2.0}
    assert second.steps[0].value == 2.0


def test_a_quantity_of_the_user_replaces_the_standard_one() -> None:
    user = {"train_flops": "7 * active_params * tokens"}
    resolution = resolved("train_usd", {"params": 1e9, "tokens": 1e9}, user)
    assert resolution.definitions["train_flops"] == "7 * active_params * tokens"
    assert next(step.how for step in resolution.steps if step.name == "train_flops") == "quantity"


def test_a_quantity_of_the_user_counts_as_given() -> None:
    resolution = resolved("tokens", {"params": 1e9}, {"tokens_per_param": "20"})
    assert resolution.definitions["tokens"] == "tokens_per_param * active_params"


def test_unknown_names_are_left_to_the_engine() -> None:
    assert resolved("nobody_knows + 1", {}).definitions == {}


@pytest.mark.parametrize("formula", ["total_usd + 1", "train_usd + total_usd"])
def test_a_quantity_that_refers_to_itself_ends(formula: str) -> None:
    user = {"total_usd": formula} if "train" not in formula else {"train_usd": "total_usd / 2"}
    resolution = resolved("total_usd", {"params": 1e9, "tokens": 1e9}, user)
    assert resolution.definitions | user == resolution.definitions


def test_a_long_chain_of_quantities_resolves() -> None:
    chain = {f"q{i}": f"q{i + 1} + 1" for i in range(5000)} | {"q5000": "1"}
    assert len(resolved("q0", {}, chain).steps) == 5001


def test_same_sparsity_is_asked_for_only_where_it_can_vary() -> None:
    law = iso.law("besiroglu2024")

    def sparsity(columns: tuple[str, ...], scalars: dict[str, float]) -> str | None:
        return resolve(("loss",), columns=columns, scalars=scalars, quantities={}, law=law).sparsity

    assert sparsity(("params", "tokens"), {}) is None
    assert sparsity(("params", "tokens"), {"activation": 0.125}) is None
    assert sparsity(("params", "tokens", "activation"), {}) == "activation"
    assert sparsity(("params", "tokens", "active_params"), {}) == "active_params / params"
    assert sparsity(("params", "tokens", "activation"), {"moe_gain": 0.35}) is None
    assert sparsity(("effective_params", "tokens", "activation"), {}) is None
