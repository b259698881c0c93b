#!/usr/bin/env python3
"""Cut-out faces a second with the bundled model: the Python module on numpy arrays beside the C++ library on the same pixels.

  bench/crops.py [--bench build/release/crops_bench] [--crops 512] [--side 128] [--threads 2] [--rounds 5]

Run it with a Python that has agewise and numpy. Rounds alternate; the median of each side and of their ratios counts."""
import argparse, statistics, subprocess, time

import agewise, numpy


def python_rate(estimator, crops):
    estimator.estimate(crops[: len(crops) // 4])
    start = time.perf_counter()
    estimator.estimate(crops)
    return len(crops) / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default="build/release/crops_bench")
    parser.add_argument("--crops", type=int, default=512)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    crops = list(numpy.random.default_rng(1).integers(0, 256, (options.crops, options.side, options.side, 3), numpy.uint8))
    ours, library = [], []
    for _ in range(options.rounds):
        estimator = agewise.Estimator(ready_crops=True, threads=options.threads)
        ours.append(python_rate(estimator, crops))
        del estimator
        library.append(float(subprocess.run([options.bench, *map(str, (options.crops, options.side, options.threads))],
                                            check=True, stdout=subprocess.PIPE, text=True).stdout))
    ratio = statistics.median(a / b for a, b in zip(ours, library))
    print(f"Python {statistics.median(ours):.1f} crops/s, C++ {statistics.median(library):.1f}: {ratio:.3f}")


if __name__ == "__main__":
    main()
