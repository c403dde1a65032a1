"""A program of JAX with one primitive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive

from ovext.worker.models import NUMPY_NAMES, named

if TYPE_CHECKING:
    from pathlib import Path

jax.config.update("jax_enable_x64", True)  # otherwise it makes f32 of f64


def made(request: dict[str, Any], _: Path) -> Any:
    """Its outputs are like its first input, which OpenVINO does not look at."""
    inputs = [
        jax.ShapeDtypeStruct(shape, jnp.dtype(named(NUMPY_NAMES, kind)))
        for kind, shape in zip(request["input_types"], request["shapes"], strict=True)
    ]
    primitive = Primitive(request["name"])
    primitive.multiple_results = len(request["outputs"]) > 1
    like = jax.core.ShapedArray(inputs[0].shape, inputs[0].dtype) if inputs else jax.core.ShapedArray((1,), jnp.float32)
    results = [like] * len(request["outputs"]) if primitive.multiple_results else like
    primitive.def_abstract_eval(lambda *_: results)
    return jax.make_jaxpr(primitive.bind)(*inputs)
