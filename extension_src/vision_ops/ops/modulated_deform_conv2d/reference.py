"""ModulatedDeformConv2d in numpy: the truth that every kernel is tested against."""

import numpy as np


def modulated_deform_conv2d(
    data: np.ndarray,
    offset: np.ndarray,
    mask: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: tuple[int, ...] = (1, 1),
    padding: tuple[int, ...] = (0, 0),
    dilation: tuple[int, ...] = (1, 1),
    groups: int = 1,
    deform_groups: int = 1,
) -> np.ndarray:
    """The convolution of Deformable ConvNets v2: each tap of the kernel reads at an offset of its own, times a mask."""
    images, channels, height, width = data.shape
    outputs, inputs, kernel_height, kernel_width = weight.shape
    _, _, rows, columns = mask.shape
    taps = kernel_height * kernel_width
    offset = offset.reshape(images, deform_groups, taps, 2, rows, columns)
    mask = mask.reshape(images, deform_groups, taps, rows, columns)
    padded = np.pad(data, ((0, 0), (0, 0), (1, 2), (1, 2)))  # one of 0 before, and two behind
    image = np.arange(images)[:, None, None]
    read = np.zeros((images, channels, taps, rows, columns))
    for tap in range(taps):
        y = np.arange(rows)[:, None] * stride[0] - padding[0] + tap // kernel_width * dilation[0]
        x = np.arange(columns) * stride[1] - padding[1] + tap % kernel_width * dilation[1]
        for group in range(deform_groups):
            own = slice(group * channels // deform_groups, (group + 1) * channels // deform_groups)
            down = np.clip(y.astype(np.float32) + offset[:, group, tap, 0], -1, height)
            right = np.clip(x.astype(np.float32) + offset[:, group, tap, 1], -1, width)
            top, left = np.floor(down).astype(int), np.floor(right).astype(int)
            for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
                share = (1 - np.abs(down - top - dy)) * (1 - np.abs(right - left - dx)) * mask[:, group, tap]
                corner = padded[:, own][image, :, top + dy + 1, left + dx + 1]
                read[:, own, tap] += np.moveaxis(corner * share[..., None], -1, 1)
    result = np.zeros((images, outputs, rows, columns))
    shape = (images, outputs // groups, rows, columns)
    for group in range(groups):
        own = slice(group * outputs // groups, (group + 1) * outputs // groups)
        part = read[:, group * inputs : (group + 1) * inputs].reshape(images, inputs * taps, rows * columns)
        result[:, own] = (weight[own].reshape(outputs // groups, inputs * taps) @ part).reshape(shape)
    return (result if bias is None else result + bias[:, None, None]).astype(data.dtype)
