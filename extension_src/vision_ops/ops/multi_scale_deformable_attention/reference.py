"""MultiScaleDeformableAttention in numpy: the truth that every kernel is tested against."""

import numpy as np


def multi_scale_deformable_attention(
    value: np.ndarray,
    level_shapes: np.ndarray,
    level_starts: np.ndarray,
    locations: np.ndarray,
    weights: np.ndarray,
    *,
    im2col_step: int = 64,
) -> np.ndarray:
    """The attention of Deformable DETR: values sampled at several places of several levels, summed with weights."""
    images, _, heads, depth = value.shape
    queries = locations.shape[1]
    image, head = np.arange(images)[:, None, None, None], np.arange(heads)[None, None, :, None]
    result = np.zeros((images, queries, heads, depth), np.float64)
    for level, (height, width) in enumerate(level_shapes):
        x = locations[:, :, :, level, :, 0] * np.float32(width) - np.float32(0.5)
        y = locations[:, :, :, level, :, 1] * np.float32(height) - np.float32(0.5)
        for row, column in ((np.floor(y) + dy, np.floor(x) + dx) for dy in (0, 1) for dx in (0, 1)):
            is_inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            share = weights[:, :, :, level] * (1 - np.abs(x - column)) * (1 - np.abs(y - row))
            place = np.where(is_inside, level_starts[level] + row * width + column, 0).astype(int)
            if value.shape[1]:
                result += (np.where(is_inside, share, 0)[..., None] * value[image, place, head]).sum(3)
    return result.reshape(images, queries, heads * depth).astype(value.dtype)


def make_inputs(shapes: dict, generator: np.random.Generator, **_: int) -> dict:
    """Levels that share S."""
    count = shapes["level_shapes"][0]
    room = shapes["value"][1] // max(count, 1)
    heights = generator.integers(1, room, count, endpoint=True) if room else np.zeros(count, int)
    widths = room // np.maximum(heights, 1) * (heights > 0)
    return {"level_shapes": np.stack([heights, widths], -1), "level_starts": np.arange(count) * room}
