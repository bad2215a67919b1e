"""Actions of synthetic wallets: what kind of trader a wallet is shows in the order of its actions. No chain was observed.

32 kinds of actions: buys and sells in two pools and three sizes, the same by others in the same block, and what else wallets do.
"""

import numpy as np

LENGTH = 24
ACTIONS = 32
KINDS = ("holder", "trend follower", "arbitrageur", "sandwicher")
# action = base + 3 * pool + size.
BUY, SELL, OTHERS_BUY, OTHERS_SELL = 0, 6, 12, 18
# Borrow, repay, flash loan, deposit, withdraw, transfer, claim, bridge.
BORROW, REPAY, FLASH_LOAN, DEPOSIT, WITHDRAW, TRANSFER, CLAIM, BRIDGE = range(24, 32)
# What any wallet does now and then.
COMMON = np.array([1.0] * 12 + [0.6] * 12 + [0.5, 0.5, 0.3, 1.0, 0.7, 1.2, 0.8, 0.5])


def motif(random, kind):
    """A few actions in a row that are typical of a kind."""
    pool, size, other_size = random.integers(0, 2), random.integers(0, 3), random.integers(0, 3)
    here, there = 3 * pool, 3 * (1 - pool)
    if kind == 0:
        return [BUY + here + size, [DEPOSIT, CLAIM, TRANSFER][random.integers(0, 3)]]
    if kind == 1:
        # After others, in the same direction.
        base, own = (OTHERS_BUY, BUY) if random.random() < 0.5 else (OTHERS_SELL, SELL)
        return [base + here + size, own + here + other_size]
    if kind == 2:
        # Buys in one pool, sells as much in the other.
        loan = [FLASH_LOAN] if random.random() < 0.4 else []
        return loan + [BUY + here + size, SELL + there + size]
    # Before others and after them.
    return [BUY + here + size, OTHERS_BUY + here + other_size, SELL + here + size]


def decoy(random, kind):
    """A motif in another order: the same actions mean nothing."""
    actions = motif(random, kind)
    return actions[::-1]


def wallets(seed, count):
    """(tokens int64 [count, 24], kinds int64 [count])."""
    random = np.random.default_rng(seed)
    kinds = random.integers(0, len(KINDS), count)
    rows = np.empty((count, LENGTH), np.int64)
    for row, kind in enumerate(kinds):
        actions = []
        for _ in range(random.integers(3, 6)):
            actions.append(motif(random, kind))
        for _ in range(random.integers(1, 3)):
            actions.append(decoy(random, random.integers(0, len(KINDS))))
        used = sum(map(len, actions))
        # Not every motif fits: the first do.
        while used > LENGTH:
            used -= len(actions.pop())
        actions += [[action] for action in random.choice(ACTIONS, LENGTH - used, p=COMMON / COMMON.sum())]
        order = random.permutation(len(actions))
        rows[row] = np.concatenate([actions[index] for index in order])
    return rows, kinds
