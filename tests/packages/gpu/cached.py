"""Compiles a model with CustomReLU for the GPU into a cache before and after a change of its kernel; prints JSON.

Standard input: {"built": the output folder of a build, "folder": one to work in}. The model's input is 5 everywhere.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

import ovext
from ovext.models.ir import TensorType, one_op_model

request = json.load(sys.stdin)
folder = Path(request["folder"])
lib = folder / "lib"
model = one_op_model("CustomReLU", "opset1", [TensorType("f32", (1, 2, 3, 4))], {"negative_slope": "0"})


def change_kernel() -> None:
    kernel = next((lib / "gpu").glob("*.cl"))
    kernel.write_text(kernel.read_text().replace("= src[from]", "= 77 + src[from]"))


def infer(config: dict[str, str]) -> dict[str, Any]:
    core = ov.Core()
    ovext.load(core, lib)
    core.set_property("GPU", config)
    compiled = core.compile_model(core.read_model(model.encode(), b""), "GPU")
    value = compiled(np.full((1, 2, 3, 4), 5, np.float32))[0].flat[0]
    return {"cached": compiled.get_property("LOADED_FROM_CACHE"), "value": float(value)}


def plain() -> dict[str, Any]:
    return infer({**ovext.gpu_config(lib), "CACHE_DIR": str(folder / "plain")})


def keyed() -> dict[str, Any]:
    return infer(ovext.gpu_config(lib, cache_dir=folder / "keyed"))


shutil.copytree(request["built"], lib)
first = plain(), keyed()
change_kernel()
print(json.dumps({"plain": [first[0], plain()], "keyed": [first[1], keyed(), keyed()]}))
