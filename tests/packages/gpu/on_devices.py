"""Infers a model with a library's ops on several devices, and prints as JSON how far the results are from the CPU's.

Standard input: {"library", "layers" (an XML), "model" (an .xml), "devices": [...], "hints": [...]}.
"""

import json
import sys

import numpy as np
import openvino as ov

request = json.load(sys.stdin)
core = ov.Core()
core.add_extension(request["library"])
core.set_property("GPU", {"CONFIG_FILE": request["layers"]})
model = core.read_model(request["model"])
image = np.random.default_rng(0).standard_normal(tuple(model.input(0).shape)).astype(np.float32)
truth = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(image)[0]

answers = []
for device in request["devices"]:
    for hint in request["hints"]:
        config = {"INFERENCE_PRECISION_HINT": hint} if device == "GPU" else {}
        compiled = core.compile_model(model, device, config)
        kinds = []
        if device == "GPU":
            kinds = [node.get_rt_info()["layerType"].astype(str) for node in compiled.get_runtime_model().get_ops()]
        difference = np.abs(compiled(image)[0] - truth)
        answers.append(
            {
                "device": device,
                "hint": hint,
                "relative": float(difference.max() / np.abs(truth).max()),
                "custom_nodes": kinds.count("CustomGPUPrimitive"),
            }
        )
names = {node.get_friendly_name(): node.get_type_name() for node in model.get_ops()}
on_gpu = {names[name] for name in core.query_model(model, "GPU") if name in names}
print(json.dumps({"answers": answers, "on_gpu": sorted(on_gpu)}))
