"""What a sweep is expected to take, for its progress: trainings of networks and points, in the ratio of their times.

Seconds were measured on the twin and one core; only ratios count.
"""

from __future__ import annotations

from collections.abc import Sequence

from ohmbench.compress.methods import METHODS
from ohmbench.network.conv_nets import CONV_NETS, ConvNet
from ohmbench.network.nets import Net
from ohmbench.progress import Work
from ohmbench.study.effort import epoch_s, products, start_epochs
from ohmbench.sweep.networks import NetworkSpec
from ohmbench.sweep.points import Point
from ohmbench.sweep.sources import Places, Source, source_of

_POINT_S = 0.15  # of a point, besides
_CELL_S = 60e-6  # programmed on the twin
_PRODUCT_S = 5e-9  # a test image, row and column


def sweeping(starts: Sequence[Sequence[NetworkSpec]], points: Sequence[Point], jobs: int, places: Places) -> list[Work]:
    """Networks by their starts, and points, on so many processes."""
    trainings = [_training_s(start, places) for start in starts]
    # fewer starts than processes leave some of these idle
    busy = max(1, min(jobs, len(starts)))
    return [
        Work("networks trained", len(starts), steps=[t / busy for t in trainings]),
        Work("points", len(points), steps=[_point_s(point, places) / jobs for point in points]),
    ]


def _training_s(start: Sequence[NetworkSpec], places: Places) -> float:
    """Of what networks of one start share, and of each."""
    source = _source(start[0], places)
    net = _net(source)
    epochs = start_epochs(net) + net.end_epochs + sum(METHODS[spec.method].trainings * net.epochs for spec in start)
    return epochs * epoch_s(net, len(source.split.train_x))


def _point_s(point: Point, places: Places) -> float:
    source = _source(point.network, places)
    inner = products(_net(source))
    images = point.images or len(source.split.test_y)
    kept = 1.0 if point.network.budget is None else point.network.budget
    passing = images + (point.trim or 0) + (images if point.trim else 0)
    return _POINT_S + 2 * inner * kept * _CELL_S + passing * inner * kept * _PRODUCT_S


def _source(spec: NetworkSpec, places: Places) -> Source:
    return source_of(spec.network, spec.data, places)


def _net(source: Source) -> Net | ConvNet:
    """How it is trained; a network from elsewhere is taken for a small convolutional one."""
    return source.net or CONV_NETS[-1]
