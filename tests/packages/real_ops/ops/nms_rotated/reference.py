"""NmsRotated in numpy: the truth that every kernel is tested against."""

import numpy as np


def nms_rotated(
    boxes: np.ndarray, scores: np.ndarray, *, iou_threshold: float = 0.5, score_threshold: float = 0.0
) -> np.ndarray:
    """Batch, class and box of each box that no better one overlaps too much."""
    kept = []
    for batch, one in enumerate(boxes.astype(np.float64)):
        shapes = [_corners(box) for box in one]
        for kind, values in enumerate(scores[batch]):
            chosen: list[int] = []
            for box in np.argsort(-values, kind="stable"):
                if values[box] > np.float32(score_threshold) and all(
                    _iou(one[box], one[other], shapes[box], shapes[other]) <= np.float32(iou_threshold)
                    for other in chosen
                ):
                    chosen.append(int(box))
            kept += [(batch, kind, box) for box in chosen]
    return np.array(kept, np.int64).reshape(-1, 3)


def _corners(box: np.ndarray) -> np.ndarray:
    x, y, width, height, angle = box
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * [width, height]
    return np.asarray(corners @ turn.T + [x, y])


def _iou(one: np.ndarray, other: np.ndarray, polygon: np.ndarray, clip: np.ndarray) -> float:
    points = [tuple(point) for point in polygon]
    for a, b in zip(clip, np.roll(clip, -1, axis=0), strict=True):
        edge = b - a
        sides = [edge[0] * (y - a[1]) - edge[1] * (x - a[0]) for x, y in points]
        kept = []
        for i, (x, y) in enumerate(points):
            (next_x, next_y), here, there = points[(i + 1) % len(points)], sides[i], sides[(i + 1) % len(points)]
            if here >= 0:
                kept.append((x, y))
            if here * there < 0:
                share = here / (here - there)
                kept.append((x + share * (next_x - x), y + share * (next_y - y)))
        points = kept
    both = (
        abs(
            sum(
                x * points[(i + 1) % len(points)][1] - points[(i + 1) % len(points)][0] * y
                for i, (x, y) in enumerate(points)
            )
        )
        / 2
    )
    total = one[2] * one[3] + other[2] * other[3] - both
    return both / total if total > 0 else 0.0


def make_inputs(
    shapes: dict[str, tuple[int, ...]], generator: np.random.Generator, **_: object
) -> dict[str, np.ndarray]:
    """Boxes that often overlap, but none with the same score."""
    count = int(np.prod(shapes["scores"]))
    low, high = [0, 0, 1, 1, -3], [12, 12, 6, 6, 3]
    return {
        "boxes": generator.uniform(low, high, shapes["boxes"]),
        "scores": (generator.permutation(count) + 0.5).reshape(shapes["scores"]) / max(count, 1) - 0.1,
    }
