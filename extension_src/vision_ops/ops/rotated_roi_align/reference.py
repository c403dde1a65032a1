"""RotatedRoIAlign in numpy: the truth that every kernel is tested against."""

import numpy as np


def rotated_roi_align(
    data: np.ndarray,
    rois: np.ndarray,
    *,
    output_height: int = 7,
    output_width: int = 7,
    spatial_scale: float = 1.0,
    sampling_ratio: int = 0,
    aligned: bool = True,
    clockwise: bool = False,
) -> np.ndarray:
    """Averages of bilinear samples in each cell of rotated boxes (image, x, y, width, height, radians)."""
    _, _, height, width = data.shape
    result = np.zeros((len(rois), data.shape[1], output_height, output_width), np.float64)
    for number, (image, centre_x, centre_y, *size, angle) in enumerate(rois.astype(np.float64)):
        box_width, box_height = (max(one * spatial_scale, 0.0 if aligned else 1.0) for one in size)
        tall, wide = box_height / output_height, box_width / output_width
        down, right = (sampling_ratio or int(np.ceil(np.float32(one))) for one in (tall, wide))
        y = (np.arange(output_height * down) + 0.5) / max(down, 1) * tall - box_height / 2
        x = (np.arange(output_width * right) + 0.5) / max(right, 1) * wide - box_width / 2
        y, x = y[:, None], x[None]
        turn = -angle if clockwise else angle
        shift = 0.5 if aligned else 0.0
        at_y = y * np.cos(turn) - x * np.sin(turn) + centre_y * spatial_scale - shift
        at_x = y * np.sin(turn) + x * np.cos(turn) + centre_x * spatial_scale - shift
        is_inside = (at_y >= -1) & (at_y <= height) & (at_x >= -1) & (at_x <= width)
        at_y, at_x = np.clip(at_y, 0, height - 1), np.clip(at_x, 0, width - 1)
        sampled = 0
        if height * width == 0:
            continue
        for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
            row, column = np.floor(at_y).astype(int) + dy, np.floor(at_x).astype(int) + dx
            share = (1 - np.abs(at_y - row)) * (1 - np.abs(at_x - column)) * is_inside
            pixels = data[int(image)][:, np.minimum(row, height - 1), np.minimum(column, width - 1)]
            sampled = sampled + share * pixels
        if down * right:
            cells = sampled.reshape(-1, output_height, down, output_width, right)
            result[number] = cells.mean((2, 4))
    return result.astype(data.dtype)


def make_inputs(shapes: dict, generator: np.random.Generator, *, spatial_scale: float, **_: float) -> dict:
    """Boxes of moderate sizes in and around images that exist."""
    images, _, height, width = shapes["data"]
    count = shapes["rois"][0]
    size = max(height, width) / spatial_scale
    columns = [
        generator.integers(0, max(images, 1), count),
        generator.uniform(-0.1 * size, 1.1 * size, count),
        generator.uniform(-0.1 * size, 1.1 * size, count),
        generator.uniform(0, min(size, 60 / spatial_scale), count),
        generator.uniform(0, min(size, 60 / spatial_scale), count),
        generator.uniform(-np.pi, np.pi, count),
    ]
    return {"rois": np.stack(columns, -1).astype(np.float32)}
