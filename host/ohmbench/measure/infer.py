"""Time and accuracy of MNIST's whole test set through a network that takes 25 arrays."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ohmbench import __version__
from ohmbench.bench.base import Bench
from ohmbench.inference.exact import predict
from ohmbench.inference.loading import load_at_once
from ohmbench.inference.on_bench import Inference
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset, share_right
from ohmbench.network.mnist import load_mnist, mnist_provenance
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.result import ArrayResult, ProgramResult
from ohmbench.progress import Progress
from ohmbench.study.pairs import train_pairs

SHAPE = (28, 28)
WEIGHT_BITS = 4
EPOCHS, BATCH = 10, 64
WEIGHT_NOISE = 0.04  # as the demo's network, and for the same reason


def inference_speed(bench: Bench, folder: Path | None, progress: Progress) -> dict[str, Any]:
    """Train 784-10, then time what follows: its images programmed, and all test images through each.

    Returns:
        program_s, infer_s: wall time; cpu_s: this process's in both together. clocks_per_product: of the FPGA from one
        product to the next, the link included, None for the twin, which has no link; run_clocks_per_product: of these,
        run time. accuracy through the array, and accuracy_float and accuracy_quantised of the same network;
        converged_fraction, images, arrays, rung.

    Raises:
        DataError: MNIST is not there.
        FaultError: the guard turned the array off.
    """
    data = load_mnist(folder, shape=SHAPE, progress=progress)
    progress.say("training 784-10 on MNIST")
    image = mnist_image(data, SHAPE)
    recipe, program_s, program_clocks = Recipe(), 0.0, 0
    at_once = load_at_once(bench, recipe, progress)

    def timed(image: WeightImage, number: int) -> ArrayResult:
        nonlocal program_s, program_clocks
        start, clocks = time.perf_counter(), bench.state().clock_cycles
        result = at_once(image, number)
        program_s += time.perf_counter() - start
        program_clocks += bench.state().clock_cycles - clocks
        return result

    run = Inference(bench, recipe, progress, load=timed)
    start, cpu, clocks = time.perf_counter(), time.process_time(), bench.state().clock_cycles
    classes = run.predict(image, data.test_x)
    total_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
    infer_clocks = bench.state().clock_cycles - clocks - program_clocks
    products = len(data.test_y) * len(image.tiles)
    return {
        "rung": bench.info.rung,
        "images": len(data.test_y),
        "arrays": image.images,
        "program_s": program_s,
        "infer_s": total_s - program_s,
        "cpu_s": cpu_s,
        "clocks_per_product": None if bench.info.rung == "twin" else infer_clocks / products,
        "run_clocks_per_product": run.infer_cycles / products,
        "accuracy": share_right(classes, data.test_y),
        "accuracy_float": image.provenance["accuracy_float"],
        "accuracy_quantised": share_right(predict(image, data.test_x), data.test_y),
        "converged_fraction": ProgramResult(bench.info.rung, run.records).converged_fraction,
    }


def mnist_image(data: Dataset, shape: tuple[int, int], *, seed: int = 0) -> WeightImage:
    """A network without hidden layers, trained on MNIST of a shape, quantised and mapped as pairs."""
    trained = train_pairs(
        data, weight_bits=WEIGHT_BITS, seed=seed, epochs=EPOCHS, batch=BATCH, weight_noise=WEIGHT_NOISE
    )
    provenance = {
        "ohmbench": __version__,
        **mnist_provenance(shape),
        "seed": seed,
        "weight_bits": WEIGHT_BITS,
        "accuracy_float": trained.accuracy_float,
    }
    return replace(trained.image, provenance=provenance)
