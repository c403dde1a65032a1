"""RotatedNMS in numpy: the truth that every kernel is tested against."""

import numpy as np


def _corners(box: np.ndarray) -> np.ndarray:
    x, y, width, height, angle = box.astype(np.float64)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * (width / 2, height / 2) @ turn.T + (x, y)


def _inside(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    x, y, width, height, angle = box.astype(np.float64)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    own = np.abs((points - (x, y)) @ turn)
    return (own <= np.array([width, height]) / 2 * (1 + 1e-9)).all(1)


def _crossings(one: np.ndarray, other: np.ndarray) -> list:
    found = []
    for a, b in zip(one, np.roll(one, -1, 0), strict=True):
        for c, d in zip(other, np.roll(other, -1, 0), strict=True):
            matrix = np.array([b - a, c - d]).T
            if abs(np.linalg.det(matrix)) > 1e-12:
                shares = np.linalg.solve(matrix, c - a)
                if ((shares >= 0) & (shares <= 1)).all():
                    found.append(a + shares[0] * (b - a))
    return found


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """The area that two boxes share, from their crossings and the corners that lie in the other box, by all area."""
    if np.hypot(*(one[:2] - other[:2])) > (np.hypot(*one[2:4]) + np.hypot(*other[2:4])) / 2:
        return 0.0
    first, second = _corners(one), _corners(other)
    points = [*_crossings(first, second), *first[_inside(first, other)], *second[_inside(second, one)]]
    area = 0.0
    if len(points) > 2:
        points = np.array(points) - np.mean(points, 0)
        points = points[np.argsort(np.arctan2(points[:, 1], points[:, 0]))]
        x, y = points.T
        area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    return area / (float(one[2]) * one[3] + float(other[2]) * other[3] - area)


def rotated_nms(
    boxes: np.ndarray,
    scores: np.ndarray,
    *,
    iou_threshold: float = 0.5,
    score_threshold: float = 0.05,
) -> np.ndarray:
    """Indices (image, class, box) of boxes that no better box of their class overlaps by more than the threshold."""
    found = []
    for image, per_class in enumerate(scores):
        for number, own in enumerate(per_class):
            order = [one for one in np.argsort(-own, kind="stable") if own[one] > score_threshold]
            while order:
                best = order.pop(0)
                found.append((image, number, best))
                order = [one for one in order if not _overlap(boxes[image, best], boxes[image, one]) > iou_threshold]
    return np.array(found, np.int64).reshape(-1, 3)


def make_inputs(shapes: dict, generator: np.random.Generator, **_: float) -> dict:
    """Boxes that overlap, and scores that differ."""
    images, count, _ = shapes["boxes"]
    places = generator.uniform(0, 4 * np.sqrt(count) + 1, (images, count, 2))
    sizes = generator.uniform(1, 12, (images, count, 2))
    angles = generator.uniform(-np.pi, np.pi, (images, count, 1))
    scores = generator.permuted(np.broadcast_to(np.linspace(0, 1, count), shapes["scores"]), axis=-1)
    return {"boxes": np.concatenate([places, sizes, angles], -1).astype(np.float32), "scores": scores}
