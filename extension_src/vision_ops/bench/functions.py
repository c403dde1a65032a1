"""What the ops of vision_ops are compared with: the same in ops of OpenVINO, in PyTorch and in torchvision."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from openvino import opset13, opset15

if TYPE_CHECKING:
    from collections.abc import Callable

    from openvino import Node


def attention_of_torch(
    value: Any, level_shapes: Any, level_starts: Any, locations: Any, weights: Any, **_: int
) -> Callable[[], Any]:
    """The formulation with grid_sample, as in the code of Deformable DETR for machines without its kernel."""
    torch = _torch()
    values, places, shares = (torch.from_numpy(one) for one in (value, locations, weights))
    levels = [(int(h), int(w), int(start)) for (h, w), start in zip(level_shapes, level_starts, strict=True)]
    images, _, heads, depth = value.shape
    queries, points = locations.shape[1], locations.shape[4]

    def computed() -> Any:
        grids = 2 * places - 1
        sampled = []
        for level, (height, width, start) in enumerate(levels):
            image = values[:, start : start + height * width].flatten(2).transpose(1, 2)
            image = image.reshape(images * heads, depth, height, width)
            grid = grids[:, :, :, level].transpose(1, 2).flatten(0, 1)
            sampled.append(torch.nn.functional.grid_sample(image, grid, align_corners=False))
        share = shares.transpose(1, 2).reshape(images * heads, 1, queries, len(levels) * points)
        result = (torch.stack(sampled, -2).flatten(-2) * share).sum(-1)
        return result.view(images, heads * depth, queries).transpose(1, 2).contiguous()

    return computed


LEVELS = ((100, 100), (50, 50), (25, 25), (13, 13))  # as in the benchmark: they must be constants here


def attention_of_ops(
    value: Node, level_shapes: Node, level_starts: Node, locations: Node, weights: Node, **_: int
) -> Node:
    """The same with GridSample for each level."""
    del level_shapes, level_starts
    ops = opset13
    images, _, heads, depth = (int(one) for one in value.get_output_shape(0))
    _, queries, _, levels, points, _ = (int(one) for one in locations.get_output_shape(0))
    grids = ops.subtract(ops.multiply(locations, np.float32(2)), np.float32(1))
    grids = ops.transpose(grids, [3, 0, 2, 1, 4, 5])
    grids = ops.reshape(grids, [levels, images * heads, queries, points, 2], special_zero=False)
    sampled = []
    start = 0
    for level, (height, width) in enumerate(LEVELS):
        part = ops.slice(value, [start], [start + height * width], [1], [1])
        image = ops.transpose(part, [0, 2, 3, 1])
        image = ops.reshape(image, [images * heads, depth, height, width], special_zero=False)
        grid = ops.gather(grids, ops.constant(level), ops.constant(0))
        sampled.append(ops.unsqueeze(ops.grid_sample(image, grid, {"align_corners": False}), ops.constant(4)))
        start += height * width
    shape = [images * heads, depth, queries, levels * points]
    all_levels = ops.reshape(ops.transpose(ops.concat(sampled, 4), [0, 1, 2, 4, 3]), shape, special_zero=False)
    share = ops.transpose(weights, [0, 2, 1, 3, 4])
    share = ops.reshape(share, [images * heads, 1, queries, levels * points], special_zero=False)
    result = ops.reduce_sum(ops.multiply(all_levels, share), ops.constant([3]))
    result = ops.reshape(result, [images, heads * depth, queries], special_zero=False)
    return ops.transpose(result, [0, 2, 1])


def convolution_of_torchvision(
    data: Any, offset: Any, mask: Any, weight: Any, bias: Any, **attributes: Any
) -> Callable[[], Any]:
    torch = _torch()
    from torchvision.ops import deform_conv2d  # noqa: PLC0415

    tensors = [torch.from_numpy(one) for one in (data, offset, weight, bias)]
    masks = torch.from_numpy(mask)
    options = {name: attributes[name] for name in ("stride", "padding", "dilation")}
    return lambda: deform_conv2d(*tensors, mask=masks, **options)


def rotated_roi_align_of_openvino(
    data: Node,
    rois: Node,
    *,
    output_height: int,
    output_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
    clockwise: bool,
) -> Node:
    """OpenVINO's own op, which takes the numbers of images as an input of their own."""
    del aligned
    ops = opset15
    numbers = ops.convert(ops.squeeze(ops.slice(rois, [0], [1], [1], [1]), ops.constant([1])), "i32")
    boxes = ops.slice(rois, [1], [6], [1], [1])
    return ops.roi_align_rotated(
        data, boxes, numbers, output_height, output_width, sampling_ratio, spatial_scale, clockwise
    )


def roi_align_of_torchvision(
    data: Any, rois: Any, *, output_height: int, output_width: int, spatial_scale: float, sampling_ratio: int, **_: bool
) -> Callable[[], Any]:
    """Boxes of the same sizes, which are not rotated: torchvision has no others."""
    torch = _torch()
    from torchvision.ops import roi_align  # noqa: PLC0415

    half = rois[:, 3:5] / 2
    boxes = torch.from_numpy(np.concatenate([rois[:, :1], rois[:, 1:3] - half, rois[:, 1:3] + half], 1))
    images = torch.from_numpy(data)
    ratio = sampling_ratio or -1
    return lambda: roi_align(images, boxes, (output_height, output_width), spatial_scale, ratio, True)


def rotated_nms_of_openvino(boxes: Node, scores: Node, *, iou_threshold: float, score_threshold: float) -> Node:
    most = opset13.constant(np.int64(int(boxes.get_output_shape(0)[1])))
    found = opset13.nms_rotated(
        boxes,
        scores,
        most,
        opset13.constant(np.float32(iou_threshold)),
        opset13.constant(np.float32(score_threshold)),
        sort_result_descending=False,
    )
    return found.output(0)


def _torch() -> Any:
    import torch  # noqa: PLC0415  not everybody has it

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.set_grad_enabled(False)
    return torch
