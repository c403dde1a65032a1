"""MultiScaleDeformableAttention in numpy: the truth that every kernel is tested against."""

import numpy as np


def multi_scale_deformable_attention(
    value: np.ndarray,
    spatial_shapes: np.ndarray,
    level_start_index: np.ndarray,
    sampling_locations: np.ndarray,
    attention_weights: np.ndarray,
    *,
    im2col_step: int = 64,  # noqa: ARG001  a setting of another implementation
) -> np.ndarray:
    """The weighted sum of bilinear samples of all levels; what lies outside of a level is zero."""
    batches, _, heads, channels = value.shape
    queries = sampling_locations.shape[1]
    output = np.zeros((batches, queries, heads, channels))
    batch = np.arange(batches)[:, None, None, None]
    head = np.arange(heads)[None, None, :, None]
    for level, (height, width) in enumerate(spatial_shapes):
        places = sampling_locations[:, :, :, level].astype(np.float64)  # [N, Q, M, P, 2]
        x, y = places[..., 0] * width - 0.5, places[..., 1] * height - 0.5
        left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        for down in (0, 1):
            for right in (0, 1):
                row, column = top + down, left + right
                weight = (1 - np.abs(y - row)) * (1 - np.abs(x - column)) * attention_weights[:, :, :, level]
                inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
                at = level_start_index[level] + np.where(inside, row * width + column, 0)
                output += (np.where(inside, weight, 0)[..., None] * value[batch, at, head]).sum(axis=3)
    return output.reshape(batches, queries, heads * channels)


def make_inputs(
    shapes: dict[str, tuple[int, ...]], generator: np.random.Generator, **_: object
) -> dict[str, np.ndarray]:
    """Levels that share the places of `value`, and locations in and around them."""
    places, levels = shapes["value"][1], shapes["spatial_shapes"][0]
    ends = np.sort(generator.choice(np.arange(1, places), levels - 1, replace=False))
    starts = np.array([0, *ends], np.int64)
    sizes = np.diff([*starts, places])
    heights = np.array([generator.choice([one for one in range(1, 9) if size % one == 0]) for size in sizes])
    return {
        "spatial_shapes": np.stack([heights, sizes // heights], axis=1),
        "level_start_index": starts,
        "sampling_locations": generator.uniform(-0.2, 1.2, shapes["sampling_locations"]),
    }
