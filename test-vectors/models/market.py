"""Candles of synthetic markets, for the models that forecast from them. No market was observed.

Each market switches between calm, nervous and panic, carries a GARCH factor on top (volatility clusters), drifts for
hours in one direction, and trades more when it moves more. A candle is what sixty fat-tailed steps make of the price.
"""

import numpy as np

STEPS_PER_CANDLE = 60
BURN_IN = 100
# Regimes calm, nervous and panic: typical volatility of a candle in percent and the chance of staying for another.
REGIME_VOLATILITY = np.array([0.25, 0.6, 1.5])
REGIME_STAYS = np.array([0.985, 0.97, 0.92])
REGIME_NEXT = np.array([[0.0, 0.9, 0.1], [0.75, 0.0, 0.25], [0.2, 0.8, 0.0]])
# Drift of a candle, as a share of its volatility: most of it lasts from one candle to the next.
DRIFT_STAYS, DRIFT = 0.97, 0.9
GARCH_NEWS, GARCH_MEMORY = 0.15, 0.75
# Degrees of freedom of the steps' returns: fat tails, finite variance.
TAIL = 5.0
# Prices in dollars with cents; volumes in coins with one decimal.
LOWEST_PRICE, HIGHEST_PRICE = 800.0, 4_500.0
VOLUME = 1_500.0


def candles(seed, markets, count):
    """(open, high, low, close, volume) of each market's candles, float64 [markets, count, 5], and realised volatility
    of each candle in percent [markets, count]: the root of the sum of its steps' squared returns."""
    random = np.random.default_rng(seed)
    regime = np.zeros(markets, dtype=np.int64)
    heat, drift = np.ones(markets), np.zeros(markets)
    price = np.exp(random.uniform(np.log(LOWEST_PRICE), np.log(HIGHEST_PRICE), markets))
    depth = VOLUME * np.exp(random.normal(0.0, 0.5, markets))
    rows, volatilities = [], []
    for index in range(BURN_IN + count):
        leaves = random.random(markets) >= REGIME_STAYS[regime]
        moved = (random.random(markets)[:, None] >= np.cumsum(REGIME_NEXT[regime], axis=1)[:, :2]).sum(axis=1)
        regime = np.where(leaves, moved, regime)
        typical = REGIME_VOLATILITY[regime] * np.sqrt(heat)
        drift = DRIFT_STAYS * drift + np.sqrt(1.0 - DRIFT_STAYS**2) * random.normal(0.0, 1.0, markets)
        shocks = random.standard_t(TAIL, (markets, STEPS_PER_CANDLE)) * np.sqrt((TAIL - 2.0) / TAIL)
        steps = shocks * typical[:, None] / np.sqrt(STEPS_PER_CANDLE) + (DRIFT * drift * typical)[:, None] / STEPS_PER_CANDLE
        steps = np.clip(steps, -20.0, 20.0)
        path = price[:, None] * np.cumprod(1.0 + steps / 100.0, axis=1)
        realised = np.sqrt(np.sum(steps**2, axis=1))
        volume = depth * (0.3 + realised / REGIME_VOLATILITY[0]) * np.exp(random.normal(0.0, 0.3, markets))
        candle = np.stack([price, np.maximum(price, path.max(axis=1)), np.minimum(price, path.min(axis=1)), path[:, -1]], axis=1)
        heat = 1.0 - GARCH_NEWS - GARCH_MEMORY + GARCH_NEWS * np.minimum((realised / REGIME_VOLATILITY[regime]) ** 2, 16.0) + GARCH_MEMORY * heat
        price = path[:, -1]
        if index >= BURN_IN:
            rows.append(np.concatenate([np.round(candle, 2), np.round(volume, 1)[:, None]], axis=1))
            volatilities.append(realised)
    return np.stack(rows, axis=1), np.stack(volatilities, axis=1)


def windows(rows, length, stride):
    """Windows of consecutive candles [n, length, columns], and the index of the candle after each (market, candle)."""
    starts = list(range(0, rows.shape[1] - length, stride))
    parts = np.concatenate([rows[:, start : start + length] for start in starts])
    after = [(market, start + length) for start in starts for market in range(len(rows))]
    return parts, np.array(after)


def candles_for_volatility(seed, markets, count, stride):
    """Ten candles of open, high, low and close, and the next candle's realised volatility in percent [n,1]."""
    rows, volatilities = candles(seed, markets, count)
    parts, after = windows(rows[:, :, :4], 10, stride)
    return parts, volatilities[after[:, 0], after[:, 1]][:, None]


def candles_for_return(seed, markets, count, stride):
    """24 candles with volume, and the return over the next candle in percent [n,1]."""
    rows, _ = candles(seed, markets, count)
    parts, after = windows(rows, 24, stride)
    last, closed = parts[:, -1, 3], rows[after[:, 0], after[:, 1], 3]
    return parts, (100.0 * (closed / last - 1.0))[:, None]


def calibration_rows(rows, count, seed):
    """Half at random, half those that move most: inputs and states saturate beyond what is seen here."""
    random = np.random.default_rng(seed).choice(len(rows), count // 2, replace=False)
    span = (rows[:, :, 1].max(axis=1) - rows[:, :, 2].min(axis=1)) / rows[:, -1, 3]
    extreme = np.argsort(-span, kind="stable")[: count // 2]
    return rows[np.concatenate([random, extreme])]
