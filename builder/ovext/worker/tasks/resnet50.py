"""ResNet-50 as an OpenVINO model with random weights: the size and the layers of the real one, without a download.

The topology is that of He et al., "Deep Residual Learning for Image Recognition" (2015), with the batch
normalisations folded into the convolutions' biases and without the softmax at the end.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

_STAGES = ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2))  # blocks, width, stride of the first block
_EXPANSION = 4
_RESIDUAL_GAIN = 0.25  # the sums of sixteen blocks must not grow too large


class _Builder:
    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)

    def weights(self, *shape: int, gain: float = 1.0) -> ov.Node:
        """He initialisation, which keeps the size of the activations from layer to layer."""
        scale = gain * np.sqrt(2.0 / np.prod(shape[1:]))
        return ops.constant(self._generator.standard_normal(shape, dtype=np.float32) * np.float32(scale))

    def convolution(self, data: ov.Output, channels: int, size: int, stride: int, gain: float = 1.0) -> ov.Output:
        """A convolution with bias, padded so that only the stride changes the size."""
        inputs = data.get_shape()[1]
        pads = [size // 2] * 2
        weights = self.weights(channels, inputs, size, size, gain=gain)
        product = ops.convolution(data, weights, [stride] * 2, pads, pads, [1, 1])
        bias = self._generator.standard_normal((1, channels, 1, 1), dtype=np.float32) * np.float32(0.01)
        return ops.add(product, ops.constant(bias)).output(0)

    def block(self, data: ov.Output, width: int, stride: int) -> ov.Output:
        """The bottleneck: 1x1, 3x3, 1x1; its shortcut is the identity or, if the shape changes, a 1x1 convolution."""
        inner = ops.relu(self.convolution(data, width, 1, 1)).output(0)
        inner = ops.relu(self.convolution(inner, width, 3, stride)).output(0)
        inner = self.convolution(inner, width * _EXPANSION, 1, 1, gain=_RESIDUAL_GAIN)
        same_shape = inner.get_shape() == data.get_shape()
        shortcut = data if same_shape else self.convolution(data, width * _EXPANSION, 1, stride)
        return ops.relu(ops.add(inner, shortcut)).output(0)


def write_resnet50(path: Path, seed: int = 0) -> None:
    """Write resnet50 for one 224 x 224 image (f32, NCHW) as IR: `path` and, beside it, the weights in a .bin."""
    builder = _Builder(seed)
    image = ops.parameter([1, 3, 224, 224], ov.Type.f32, name="image")
    data = ops.relu(builder.convolution(image.output(0), 64, 7, 2)).output(0)
    data = ops.max_pool(data, [2, 2], [1, 1], [1, 1], [1, 1], [3, 3], "floor").output(0)
    for blocks, width, stride in _STAGES:
        for number in range(blocks):
            data = builder.block(data, width, stride if number == 0 else 1)
    pooled = ops.reduce_mean(data, ops.constant(np.array([2, 3])), keep_dims=False)
    scores = ops.matmul(pooled, builder.weights(1000, 512 * _EXPANSION), transpose_a=False, transpose_b=True)
    model = ov.Model([scores], [image], "resnet50")
    ov.save_model(model, path, compress_to_fp16=False)


def run(request: dict[str, str]) -> dict[str, str]:
    """The worker's task: write the model to `path`."""
    write_resnet50(Path(request["path"]))
    return {}
