"""Mapping of compressed networks: the same integers, cells that no two tiles share, and counts of what was emitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.random_networks import random_compressed

from ohmbench.compress.compressed import CompressedLayer, CompressedNetwork, Segment, as_pairs
from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.errors import ImageError
from ohmbench.inference.exact import evaluate
from ohmbench.mapping.counting import count
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed, map_pairs
from ohmbench.mapping.packing import pack


def segment(levels: np.ndarray, p: list[int], n: list[int], **parts: object) -> Segment:
    """Input i drives row i; gains of 1."""
    tables = (np.array(p, np.int16), np.array(n, np.int16), np.ones(len(p), np.int32))
    return replace(Segment(np.arange(len(levels), dtype=np.int16), levels.astype(np.uint8), 0, *tables), **parts)  # type: ignore[arg-type]


def one_layer(*segments: Segment, outputs: int, max_level: int = 7) -> CompressedNetwork:
    layer = CompressedLayer(4, np.ones(outputs), np.zeros(outputs), None, segments)
    return CompressedNetwork((layer,), max_level)


def pairs(inputs: int, outputs: int, *more: int) -> CompressedNetwork:
    widths, layers = [inputs, outputs, *more], []
    rng = np.random.default_rng(1)
    for index in range(len(widths) - 1):
        weights = rng.integers(-7, 8, (widths[index], widths[index + 1]))
        output_scale = 1.0 if index + 2 < len(widths) else None
        layers.append(QuantisedLayer(weights, 1.0, np.zeros(widths[index + 1]), 4, output_scale))
    return as_pairs(QuantisedNetwork(tuple(layers), 7), 32)


def rectangles(image: WeightImage) -> list[np.ndarray]:
    """Cells (images, rows, columns) of each tile."""
    cells = []
    for tile in image.tiles:
        mask = np.zeros_like(image.mask)
        mask[tile.image] = np.outer(tile.rows_used(image.rows), tile.columns_used())
        cells.append(mask)
    return cells


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    widths=st.lists(st.integers(1, 50), min_size=2, max_size=4),
    rows=st.integers(1, 33),
    columns=st.integers(1, 33),
)
def test_any_network_on_any_array_gives_its_integers_and_its_cells_once(
    seed: int, widths: list[int], rows: int, columns: int
) -> None:
    rng = np.random.default_rng(seed)
    network = random_compressed(rng, widths, rows=rows, singles=True)
    image = map_compressed(network, rows=rows, columns=columns)

    x = rng.integers(0, 16, (5, widths[0]))
    np.testing.assert_array_equal(evaluate(image, x), network.forward_integer(x))

    by_themselves = map_compressed(network, share_images=False, rows=rows, columns=columns)
    np.testing.assert_array_equal(evaluate(by_themselves, x), network.forward_integer(x))
    assert by_themselves.images >= image.images
    assert replace(count(by_themselves), images=image.images, loads=image.images) == count(image)

    # the cells of the segments' driven rows and read columns, and no others
    cells = sum(
        len(np.unique(s.row_of_input[s.row_of_input >= 0])) * len(np.unique([c for c in (*s.p, *s.n) if c >= 0]))
        for layer in network.layers
        for s in layer.segments
    )
    used = rectangles(image)
    assert count(image).cells == image.mask.sum() == cells
    np.testing.assert_array_equal(np.any(used, axis=0), image.mask)
    # tiles have no cell in common, but for those that read one block because it has too many outputs
    blocks = {(tile.image, tile.row_of_input.tobytes(), tile.layer): [] for tile in image.tiles}
    for tile, mask in zip(image.tiles, used, strict=True):
        blocks[tile.image, tile.row_of_input.tobytes(), tile.layer].append(mask)
    assert np.sum([np.any(masks, axis=0) for masks in blocks.values()], axis=0).max() <= 1

    numbers = [tile.image for tile in image.tiles]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(image.images))
    assert count(image).loads == image.images <= len(image.tiles)


@settings(max_examples=200, deadline=None)
@given(
    layers=st.lists(
        st.lists(st.tuples(st.integers(1, 32), st.integers(1, 32)), min_size=1, max_size=12), min_size=1, max_size=4
    )
)
def test_packing_overlaps_nothing_and_takes_no_more_images_than_rectangles(
    layers: list[list[tuple[int, int]]],
) -> None:
    places = pack(layers, 32, 32)
    numbers = [place.image for places_of_layer in places for place in sorted(places_of_layer, key=lambda p: p.image)]
    assert numbers == sorted(numbers)
    taken = np.zeros((max(numbers) + 1, 32, 32), int)
    for sizes, at in zip(layers, places, strict=True):
        for (height, width), place in zip(sizes, at, strict=True):
            assert 0 <= place.row <= 32 - height
            assert 0 <= place.column <= 32 - width
            taken[place.image, place.row : place.row + height, place.column : place.column + width] += 1
    assert taken.max() == 1
    assert taken.any(axis=(1, 2)).all()
    assert len(taken) <= sum(map(len, layers))


def test_packing_fills_what_fits_exactly() -> None:
    assert 1 + max(p.image for p in pack([[(16, 16)] * 4, [(16, 16)] * 4], 32, 32)[1]) == 2
    assert {p.image for p in pack([[(32, 20), (16, 12), (16, 7), (8, 5)]], 32, 32)[0]} == {0}
    with pytest.raises(ValueError, match="33x2 cells do not fit"):
        pack([[(33, 2)]], 32, 32)


def test_layers_go_on_in_the_image_that_has_room() -> None:
    """32-16-10 after compression: both layers on one array."""
    first = segment(np.ones((32, 19)), [0] * 16, list(range(1, 17)))
    second = segment(np.ones((16, 11)), list(range(10)), [10] * 10)
    layers = [
        CompressedLayer(4, np.ones(16), np.zeros(16), 1.0, (first,)),
        CompressedLayer(4, np.ones(10), np.zeros(10), None, (second,)),
    ]
    image = map_compressed(CompressedNetwork(tuple(layers), 7))
    assert image.images == 1
    assert image.cells == 32 * 17 + 16 * 11


def test_columns_that_do_not_fit_are_cut_where_the_fewest_outputs_are_parted() -> None:
    # 40 columns in pairs on 33: 32 and 8, where no pair is cut
    image = map_compressed(pairs(4, 20), columns=33)
    assert [(t.first_output, t.outputs) for t in image.tiles] == [(0, 16), (16, 4)]
    # one column that all outputs share: some lanes have it alone, the others' columns stand by themselves
    shared = one_layer(segment(np.ones((4, 41)), [0] * 40, list(range(1, 41))), outputs=40)
    image = map_compressed(shared)
    assert image.cells == 4 * 41
    terms = [((t.p >= 0).sum(), (t.n >= 0).sum()) for t in image.tiles]
    assert np.sum(terms, axis=0).tolist() == [40, 40]


def test_columns_that_one_half_of_the_outputs_reads_stand_together() -> None:
    """64 outputs with a column each that nobody else reads, and 16 shared: three blocks, of which one is read twice."""
    own, shared = list(range(64)), [64 + i % 16 for i in range(64)]
    image = map_compressed(one_layer(segment(np.ones((8, 80)), own, shared), outputs=64))
    assert image.cells == 8 * 80
    assert len(image.tiles) == 4


def test_a_block_with_many_outputs_is_read_by_several_tiles() -> None:
    image = map_compressed(one_layer(segment(np.ones((8, 2)), [0] * 70, [1] * 70), outputs=70))
    assert [(t.first_output, t.outputs, t.image) for t in image.tiles] == [(0, 32, 0), (32, 32, 0), (64, 6, 0)]
    assert count(image).cells == 16
    assert count(image).columns_read == 6


def test_counts_of_pairs_and_of_a_compressed_layer() -> None:
    plain = count(map_compressed(pairs(40, 20)))
    assert plain.cells == plain.cells_as_pairs == 2 * 40 * 20
    assert plain.cells_saved == 0.0
    # 32x32, 32x8 with 8x8 beside it, and 8x32, which would cross the others
    assert (plain.tiles, plain.images, plain.loads) == (4, 3, 3)
    assert (plain.rows_driven, plain.columns_read, plain.passes) == (80, 80, 16)
    assert (plain.row_drives, plain.conversions) == (320, 320)
    assert plain.output_additions == 20 * 3
    assert (plain.row_additions, plain.gain_additions, plain.extra_input_bits) == (0, 0, 0)

    # six inputs on two rows, three columns for three outputs, gains 1, 3 and 4
    levels = np.array([[1, 0, 2], [0, 3, 0]])
    rows, gain = np.array([0, 0, 0, 1, 1, -1], np.int16), np.array([1, 3, 4], np.int32)
    merged = count(
        map_compressed(one_layer(segment(levels, [0, 1, 2], [1, 2, -1], row_of_input=rows, gain=gain), outputs=3))
    )
    assert merged.cells == 6
    assert merged.cells_as_pairs == 36
    assert merged.cells_programmed == 3
    assert merged.cells_saved == pytest.approx(5 / 6)
    assert merged.row_additions == 3
    assert merged.output_additions == 2  # the third output is one column
    assert merged.gain_additions == 1  # 3 = 2 + 1
    assert merged.passes == 6  # 3 x 15 = 45
    assert merged.extra_input_bits == 2
    assert (merged.rows_driven, merged.row_drives) == (2, 12)
    assert (merged.columns_read, merged.conversions) == (3, 18)
    assert merged.column_index_bits == 2 * 3 * 2
    assert merged.row_index_bits == 6 * 2
    assert merged.summary()["cells_saved"] == merged.cells_saved
    assert "83.33 %" in merged.describe()


def test_loads_count_each_return_to_an_image() -> None:
    image = map_compressed(pairs(64, 10))
    a, b = image.tiles
    assert count(replace(image, tiles=(a, b, a))).loads == 3


def test_what_cannot_be_mapped_says_why() -> None:
    with pytest.raises(ImageError, match=r"drives 40 rows, the array has 32\. Compress the network"):
        map_compressed(one_layer(segment(np.ones((40, 2)), [0], [1]), outputs=1))
    with pytest.raises(ImageError, match="Layer 0 of the network has no weights left"):
        map_compressed(one_layer(segment(np.ones((4, 2)), [-1], [-1]), outputs=1))
    with pytest.raises(ImageError, match="Layer 0 of the network has no weights left"):
        map_compressed(one_layer(outputs=1))


def test_pairs_are_the_compressed_network_that_saves_nothing() -> None:
    rng = np.random.default_rng(3)
    network = QuantisedNetwork((QuantisedLayer(rng.integers(-7, 8, (50, 20)), 0.5, np.zeros(20), 4, None),), 7)
    assert map_pairs(network) == map_compressed(as_pairs(network, 32))
