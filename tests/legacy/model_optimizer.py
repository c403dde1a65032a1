"""Models of one op, y = Op(x), for Model Optimizer. Its own Python runs `model_optimizer.py caffe|onnx|tf FOLDER`."""

import sys
from pathlib import Path

SHAPE = (1, 3)


def caffe(folder: Path) -> None:
    """Power, whose proto has the parameter `scale`: stock Caffe knows no other custom layer."""
    from google.protobuf import text_format
    from openvino.tools.mo.front.caffe.proto import caffe_pb2

    layer = 'layer { name: "y" type: "Power" bottom: "x" top: "y" power_param { scale: 0.75 } }'
    text = f'name: "model" input: "x" input_shape {{ dim: 1 dim: 3 }} {layer}'
    (folder / "model.prototxt").write_text(text)
    net = caffe_pb2.NetParameter()
    text_format.Parse(text, net)
    (folder / "model.caffemodel").write_bytes(net.SerializeToString())


def onnx(folder: Path) -> None:
    import onnx as package

    values = [
        package.helper.make_tensor_value_info(name, package.TensorProto.FLOAT, list(SHAPE)) for name in ("x", "y")
    ]
    node = package.helper.make_node("ScaledCosh", ["x"], ["y"], alpha=0.75, axes=[1, 2])
    graph = package.helper.make_graph([node], "graph", values[:1], values[1:])
    opsets = [package.helper.make_opsetid("", 11)]
    package.save(package.helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "model.onnx")


def tf(folder: Path) -> None:
    from tensorflow.core.framework import graph_pb2, types_pb2

    graph = graph_pb2.GraphDef()
    placeholder = graph.node.add(name="x", op="Placeholder")
    placeholder.attr["dtype"].type = types_pb2.DT_FLOAT
    for size in SHAPE:
        placeholder.attr["shape"].shape.dim.add(size=size)
    node = graph.node.add(name="y", op="ScaledCosh", input=["x"])
    node.attr["alpha_tf"].f = 0.75
    node.attr["axes"].list.i.extend([1, 2])
    (folder / "model.pb").write_bytes(graph.SerializeToString())


if __name__ == "__main__":
    {"caffe": caffe, "onnx": onnx, "tf": tf}[sys.argv[1]](Path(sys.argv[2]))
