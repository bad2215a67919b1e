// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice A pool of Uniswap v4, as its manager names it to hooks.
/// @param currency0 The lower currency.
/// @param currency1 The higher currency.
/// @param fee Fee in millionths; `DYNAMIC_FEE` if the hook decides.
/// @param tickSpacing Distance of the ticks that positions may use.
/// @param hooks The hook.
struct PoolKey {
    address currency0;
    address currency1;
    uint24 fee;
    int24 tickSpacing;
    address hooks;
}

/// @notice A swap that is about to happen.
/// @param zeroForOne Whether currency 0 is sold.
/// @param amountSpecified What goes in, if negative; else what comes out.
/// @param sqrtPriceLimitX96 Where the swap stops.
struct SwapParams {
    bool zeroForOne;
    int256 amountSpecified;
    uint160 sqrtPriceLimitX96;
}

/// @title What the manager of Uniswap v4's pools asks a hook that decides fees
/// @notice The two functions of v4's `IHooks` that such a hook has; selectors and encodings are v4's.
/// A project that has v4-core uses that instead.
interface IPoolHook {
    /// @notice A pool has begun to exist.
    /// @param sender Who began it.
    /// @param key The pool.
    /// @param sqrtPriceX96 Its first price: the root of it, times 2^96.
    /// @param tick Its first tick.
    /// @return selector This function's.
    function afterInitialize(address sender, PoolKey calldata key, uint160 sqrtPriceX96, int24 tick)
        external
        returns (bytes4 selector);

    /// @notice Somebody swaps.
    /// @param sender Who called the manager.
    /// @param key The pool.
    /// @param params The swap.
    /// @param hookData What the swapper wants the hook to know.
    /// @return selector This function's.
    /// @return delta What the hook gives or takes: two amounts in a word.
    /// @return feeMillionths The fee with `OVERRIDE_FEE`, to be used for this swap.
    function beforeSwap(
        address sender,
        PoolKey calldata key,
        SwapParams calldata params,
        bytes calldata hookData
    ) external returns (bytes4 selector, int256 delta, uint24 feeMillionths);
}

/// @title What a hook reads from the manager
interface IPoolManagerState {
    /// @notice A word of the manager's storage.
    function extsload(bytes32 slot) external view returns (bytes32 word);
}

/// @dev The fee of a pool whose hook decides.
uint24 constant DYNAMIC_FEE = 0x800000;
/// @dev Beside a fee: it replaces the pool's own for this swap.
uint24 constant OVERRIDE_FEE = 0x400000;
/// @dev In the low bits of a hook's address, for each function that the manager shall call.
uint160 constant AFTER_INITIALIZE_BIT = 1 << 12;
uint160 constant BEFORE_SWAP_BIT = 1 << 7;
uint160 constant ALL_HOOK_BITS = (1 << 14) - 1;
