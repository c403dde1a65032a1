"""Every variant of CustomReLU against the numpy reference, in real OpenVINO."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import openvino as ov
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import CUSTOM_RELU, RUNNABLE, Array, Built, Loaded, LoadForced, register_bytes
from ovext.models.ir import TensorType

if TYPE_CHECKING:
    from collections.abc import Callable

TYPES = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
SLOPES = (0.0, 0.1, -2.0, 1e-7)
# Elements in a register of each variant: 4, 8, 16 of f32; 8, 16, 32 of f16. Sizes around these and unrolled multiples.
SIZES = sorted({0, 1, *(lanes + extra for lanes in (4, 8, 16, 32, 64, 128) for extra in (-1, 0, 1))})


def _load_reference() -> Callable[..., Array]:
    spec = importlib.util.spec_from_file_location("reference", CUSTOM_RELU / "ops" / "custom_relu" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., Array] = module.custom_relu
    return function


_reference = _load_reference()


def reference(data: Array, slope: float = 0.0) -> Array:
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        return _reference(data, slope)


def special_values(dtype: Any) -> Array:
    """NaN of both signs, infinities, zeros, the largest, smallest and denormal numbers, and some plain ones."""
    info: Any = ml_dtypes.finfo(dtype)  # type: ignore[no-untyped-call]
    tiny = float(info.tiny)
    finite = [0.0, 1.0, 0.3, float(info.max), tiny, tiny / 2, float(info.smallest_subnormal), 3.14159, 100.0]
    values = np.array([np.nan, np.inf, *finite], dtype)
    return np.concatenate([values, -values])


def bits(data: Array) -> Array:
    return data.view(np.uint32 if data.itemsize == 4 else np.uint16)


def same(actual: Array, expected: Array) -> bool:
    """Compare bit for bit, except that all NaNs are equal and -0 equals 0."""
    nan = np.isnan(actual.astype(np.float32)) & np.isnan(expected.astype(np.float32))
    zero = (actual == 0) & (expected == 0)
    return bool(np.all((bits(actual) == bits(expected)) | nan | zero))


def evaluate(loaded: Loaded, data: Array, slope: float) -> Array:
    """Call the op's own evaluate() with exactly this type: the CPU plugin converts f16 and bf16 models to f32."""
    element = {value: key for key, value in TYPES.items()}[data.dtype.type]
    model = loaded.model("CustomReLU", "opset1", TensorType(element, None), negative_slope=slope)
    element_type = getattr(ov.Type, element)
    # OpenVINO's Python API has no numpy type for bf16: such a tensor is made from its bits.
    source = ov.Tensor(bits(data) if element == "bf16" else data, data.shape, element_type)
    target = ov.Tensor(element_type, data.shape)
    assert model.evaluate([target], [source])
    return np.array(target.data).view(data.dtype).reshape(data.shape)


@pytest.fixture(params=list(TYPES))
def dtype(request: pytest.FixtureRequest) -> Any:
    return TYPES[request.param]


@pytest.mark.parametrize("slope", SLOPES)
def test_sizes_around_the_register(relu: Loaded, dtype: Any, slope: float) -> None:
    pool = np.concatenate([special_values(dtype), np.random.default_rng(1).standard_normal(200).astype(dtype)])
    for size in SIZES:
        data = np.resize(pool, size)
        assert same(evaluate(relu, data, slope), reference(data, slope)), f"size {size}"


@pytest.mark.parametrize("slope", SLOPES)
def test_unaligned_data(relu: Loaded, dtype: Any, slope: float) -> None:
    buffer = np.random.default_rng(2).standard_normal(300).astype(dtype)
    for offset in (1, 3, 5, 7, 9, 17):
        data = buffer[offset:]
        assert same(evaluate(relu, data, slope), reference(data, slope)), f"offset {offset}"


@pytest.mark.parametrize("slope", SLOPES)
def test_every_value_of_the_16_bit_types(relu: Loaded, slope: float) -> None:
    for dtype in (np.float16, ml_dtypes.bfloat16):
        data = np.arange(1 << 16, dtype=np.uint16).view(dtype)
        assert same(evaluate(relu, data, slope), reference(data, slope)), dtype.__name__


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=70), slope=st.floats(-4, 4, width=32))
def test_any_f32_bits(relu: Loaded, pattern: list[int], slope: float) -> None:
    data = np.array(pattern, np.uint32).view(np.float32)
    assert same(evaluate(relu, data, slope), reference(data, slope))


@pytest.mark.parametrize("shape", [(2, 3, 2017, 1021), (8 * 1024 * 1024 + 13,)])
def test_outputs_larger_than_the_cache(relu: Loaded, shape: tuple[int, ...]) -> None:
    data = np.random.default_rng(3).standard_normal(shape, dtype=np.float32)
    assert same(relu.infer("CustomReLU", "opset1", data, negative_slope=0.5), reference(data, 0.5))


def test_streamed_output_at_any_alignment(relu: Loaded) -> None:
    """OpenVINO aligns its outputs; those of a caller need not be aligned."""
    count = 8 * 1024 * 1024 + 5
    data = np.random.default_rng(4).standard_normal(count, dtype=np.float32)
    model = relu.model("CustomReLU", "opset1", TensorType("f32", (count,)))
    expected = reference(data)
    for offset in (1, 15):
        buffer = np.full(count + 16, 7.0, np.float32)
        assert model.evaluate([ov.Tensor(buffer[offset : offset + count], shared_memory=True)], [ov.Tensor(data)])
        assert same(buffer[offset : offset + count], expected)
        assert (buffer[:offset] == 7.0).all()
        assert (buffer[offset + count :] == 7.0).all()


def test_variants_agree_bit_for_bit(built_relu: Built, load_forced: LoadForced, dtype: Any) -> None:
    numbers = np.random.default_rng(5).standard_normal(1001).astype(dtype)
    data = np.concatenate([special_values(dtype), numbers])
    for slope in SLOPES:
        results = [bits(evaluate(load_forced(built_relu.library, isa), data, slope)) for isa in RUNNABLE]
        assert all(np.array_equal(result, results[0]) for result in results)


def test_forced_variant_is_the_active_one(relu: Loaded, isa: str) -> None:
    assert relu.active_isa == isa


def test_code_of_the_forced_variant_runs(built_two_ops: Built, isa: str, load_forced: LoadForced) -> None:
    """The op Width answers with the register width that its own code was compiled for."""
    loaded = load_forced(built_two_ops.library, isa)
    width = register_bytes(isa)
    assert loaded.infer("Width", "two_ops", np.zeros(5, np.float32)).tolist() == [width] * 5
