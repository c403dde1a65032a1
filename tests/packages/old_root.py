"""Load an extension and infer, with OpenVINO's C API and nothing but Python's standard library.

    old_root.py LIBOPENVINO_C EXTENSION

For systems whose Python is too old for OpenVINO's package. Prints the library's choice and `right` or `wrong`.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

COUNT = 1003
MODEL = """<net name="m" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1"><data shape="{n}" element_type="f32"/>
<output><port id="0" precision="FP32"><dim>{n}</dim></port></output></layer>
<layer id="1" name="y" type="CustomReLU" version="opset1"><data negative_slope="0.5"/>
<input><port id="0" precision="FP32"><dim>{n}</dim></port></input>
<output><port id="1" precision="FP32"><dim>{n}</dim></port></output></layer>
<layer id="2" name="r" type="Result" version="opset1">
<input><port id="0" precision="FP32"><dim>{n}</dim></port></input></layer></layers>
<edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
<edge from-layer="1" from-port="1" to-layer="2" to-port="0"/></edges></net>"""


def main() -> int:
    openvino = ctypes.CDLL(sys.argv[1])
    openvino.ov_get_last_err_msg.restype = ctypes.c_char_p

    def call(name: str, *arguments: Any) -> None:
        if getattr(openvino, name)(*arguments) != 0:
            raise SystemExit(f"{name}: {openvino.ov_get_last_err_msg().decode()}")

    core, model, compiled, request = (ctypes.c_void_p() for _ in range(4))
    source, target = ctypes.c_void_p(), ctypes.c_void_p()
    xml = MODEL.format(n=COUNT).encode()
    call("ov_core_create", ctypes.byref(core))
    call("ov_core_add_extension", core, sys.argv[2].encode())
    call("ov_core_read_model_from_memory_buffer", core, xml, ctypes.c_size_t(len(xml)), None, ctypes.byref(model))
    call("ov_core_compile_model", core, model, b"CPU", ctypes.c_size_t(0), ctypes.byref(compiled))
    call("ov_compiled_model_create_infer_request", compiled, ctypes.byref(request))
    call("ov_infer_request_get_input_tensor", request, ctypes.byref(source))
    numbers = floats_of(openvino, source)
    for index in range(COUNT):
        numbers[index] = (index - 500) / 8
    call("ov_infer_request_infer", request)
    call("ov_infer_request_get_output_tensor", request, ctypes.byref(target))
    results = floats_of(openvino, target)
    right = all(y == (x if x > 0 else x * 0.5) for x, y in zip(numbers, results))
    active_isa = ctypes.CDLL(sys.argv[2]).ovext_active_isa
    active_isa.restype = ctypes.c_char_p
    print(active_isa().decode(), "right" if right else "wrong")
    return 0 if right else 1


def floats_of(openvino: ctypes.CDLL, tensor: ctypes.c_void_p) -> ctypes.Array[ctypes.c_float]:
    data = ctypes.c_void_p()
    openvino.ov_tensor_data(tensor, ctypes.byref(data))
    return (ctypes.c_float * COUNT).from_address(data.value or 0)


if __name__ == "__main__":
    sys.exit(main())
