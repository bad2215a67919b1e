#!/usr/bin/env python3
"""Writes preprocessing.json: what NumPy says about lists of numbers, and what the exact values are.

`exact` is computed here in rational arithmetic by the definitions in ISolidMLPreprocessing.sol, and
says what the contract must return to within one last digit. `numpy` is NumPy's own result in double
precision, and shows that the definitions are NumPy's; `tolerance` is how far rounding to doubles may
have moved it: 8 times the unit roundoff, times how much the statistic magnifies an error of its
inputs. Run with NumPy 2 (2.4.6 was used); `--check` compares instead of writing.
"""

import argparse
import json
import math
import pathlib
import random
import sys
from fractions import Fraction

import numpy as np

OUTPUT = pathlib.Path(__file__).with_suffix(".json")
SEED = 20_261
WAD = 18
MAX_WORD = 2**108
ROUNDOFF = 8 * Fraction(1, 2**53)


def round_half_up(value):
    return math.floor(value + Fraction(1, 2))


def fit(value, decimals):
    """(value, decimals) as 128 bits hold it."""
    word = round_half_up(value * 10**decimals)
    exact = Fraction(word, 10**decimals) if decimals >= 0 else Fraction(word * 10**-decimals)
    while not -(2**127) <= word < 2**127:
        decimals -= 1
        word = round_half_up(exact * Fraction(10) ** decimals)
    return word, decimals


def at_one_scale(numbers):
    """The list as the contract reads it."""
    words = [round_half_up(Fraction(value) / Fraction(10) ** decimals * 10**WAD) for value, decimals in numbers]
    largest, decimals = max(map(abs, words)), WAD
    while largest // 10 ** (WAD - decimals) >= MAX_WORD:
        decimals -= 1
    words = [round_half_up(Fraction(word, 10 ** (WAD - decimals))) for word in words]
    return [Fraction(word, 10**decimals) for word in words], decimals


def root(value):
    """The square root, to 60 decimals."""
    scaled = value * 10**120
    return Fraction(math.isqrt(scaled.numerator // scaled.denominator), 10**60)


def mean_of(values):
    return sum(values) / len(values)


def exact_results(numbers, others):
    values, decimals = at_one_scale(numbers)
    partners, _ = at_one_scale(others)
    mean, partner_mean = mean_of(values), mean_of(partners)
    variance = mean_of([(value - mean) ** 2 for value in values])
    partner_variance = mean_of([(value - partner_mean) ** 2 for value in partners])
    ordered = sorted(values)
    middle = (ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2
    covariance = mean_of([(a - mean) * (b - partner_mean) for a, b in zip(values, partners)])
    scalars = [
        fit(min(values), decimals),
        fit(max(values), decimals),
        fit(mean, decimals),
        fit(middle, decimals),
        fit(root(variance), decimals),
        fit(variance, decimals),
        fit(covariance / (root(variance) * root(partner_variance)), WAD),
    ]
    spread = max(values) - min(values)
    return {
        "exact": [str(value) for value, _ in scalars],
        "exactDecimals": [places for _, places in scalars],
        "exactStandardize": [str(round_half_up((v - mean) / root(variance) * 10**WAD)) for v in values],
        "exactNormalize": [str(round_half_up((v - min(values)) / spread * 10**WAD)) for v in values],
    }


def wad(value):
    return str(round_half_up(Fraction(float(value)) * 10**WAD))


def numpy_results(numbers, others):
    as_doubles = lambda pairs: np.array([float(Fraction(v) / Fraction(10) ** d) for v, d in pairs])
    x, y = as_doubles(numbers), as_doubles(others)
    spread = x.max() - x.min()
    size, score = float(abs(x).max()), float(abs(x).max() / x.std())
    partner_score = float(abs(y).max() / y.std())
    scores = (x - x.mean()) / x.std()
    results = [x.min(), x.max(), x.mean(), np.median(x), x.std(), x.var(), np.corrcoef(x, y)[0, 1]]
    # How much each magnifies a relative error of the numbers; last, those of the two lists.
    conditions = [size, size, size, size, size, size * float(x.std()) + size**2 * 2**-52, score + partner_score]
    conditions += [score * float(abs(scores).max()), size / float(spread)]
    return {
        "numpy": [wad(value) for value in results],
        "numpyStandardize": [wad(value) for value in scores],
        "numpyNormalize": [wad(value) for value in (x - x.min()) / spread],
        "tolerance": [str(math.ceil(ROUNDOFF * Fraction(c) * 10**WAD) + 1) for c in conditions],
    }


def cases():
    """(name, list, a second list for the correlation), of (value, decimals)."""
    rng = random.Random(SEED)
    prices = [(rng.randrange(180_000, 260_000), 2) for _ in range(24)]
    yield "hourly prices in cents", prices, [(v + rng.randrange(-9_000, 9_000), 2) for v, _ in prices]
    returns = [(rng.randrange(-5 * 10**16, 5 * 10**16), 18) for _ in range(32)]
    yield "returns with 18 decimals", returns, [(-v, 18) for v, _ in returns]
    mixed = [(15, 1), (-2500, 3), (7, 0), (3, -2), (1, 18), (-12345678, 6)]
    yield "as many decimals as numbers", mixed, [(v * 3 + 1, d) for v, d in mixed]
    yield "two numbers", [(1, 0), (2, 0)], [(5, 0), (3, 0)]
    yield "an even count with equals", [(4, 0), (1, 0), (4, 0), (9, 0)], [(1, 0), (2, 0), (2, 0), (8, 0)]
    yield "falling", [(100 - i, 0) for i in range(31)], [(i * i, 0) for i in range(31)]
    close = [(10**9 * 10**9 + rng.randrange(-(10**6), 10**6), 9) for _ in range(20)]
    yield "close together, far from zero", close, [(rng.randrange(1, 1000), 0) for _ in close]
    tiny = [(rng.randrange(-900, 900), 18) for _ in range(16)]
    yield "a few last digits", tiny, [(rng.randrange(-900, 900), 18) for _ in tiny]
    volumes = [(rng.randrange(10**26, 10**28), 0) for _ in range(12)]
    yield "volumes in wei", volumes, [(rng.randrange(10**26, 10**28), 0) for _ in volumes]
    large = [(2**97 - 1, 0), (-(2**97) + 1, 0), (12345, 0), (0, 0)]
    yield "large numbers", large, list(reversed(large))
    fine = [(rng.randrange(10**24), 27) for _ in range(10)]
    yield "more than 18 decimals", fine, [(rng.randrange(10**24), 27) for _ in fine]
    signs = [(rng.randrange(-(10**12), 10**12), 6) for _ in range(40)]
    yield "both signs", signs, [(rng.randrange(-(10**12), 10**12), 6) for _ in signs]


def document():
    listed = []
    for name, numbers, others in cases():
        listed.append(
            {
                "name": name,
                "values": [str(value) for value, _ in numbers],
                "decimals": [places for _, places in numbers],
                "otherValues": [str(value) for value, _ in others],
                "otherDecimals": [places for _, places in others],
                **exact_results(numbers, others),
                **numpy_results(numbers, others),
            }
        )
    comment = (
        "Written by preprocessing.py. A number is values[i] / 10^decimals[i]. `exact`, `numpy`, `tolerance`: "
        "min, max, mean, median, stdDev, variance, correlation; `tolerance` goes on with standardize, normalize. "
        "`numpy`, `tolerance` and all of standardize and normalize have 18 decimals."
    )
    return {"_comment": comment, "count": len(listed), "cases": listed}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail if the file is out of date")
    want = json.dumps(document(), indent=1) + "\n"
    if not parser.parse_args().check:
        OUTPUT.write_text(want)
    elif OUTPUT.read_text() != want:
        sys.exit(f"{OUTPUT} is out of date")


if __name__ == "__main__":
    main()
