// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Volatility} from "./models/Volatility.sol";
import {
    AFTER_INITIALIZE_BIT,
    ALL_HOOK_BITS,
    BEFORE_SWAP_BIT,
    DYNAMIC_FEE,
    IPoolHook,
    IPoolManagerState,
    OVERRIDE_FEE,
    PoolKey,
    SwapParams
} from "./uniswap/IPoolHook.sol";

/// @title A pool's fee that follows a forecast of its volatility
/// @notice A hook of Uniswap v4. It keeps the pool's hourly returns, and asks the model once an hour
/// what volatility to expect. A swap costs little in a calm market and more in a nervous one, where
/// liquidity providers lose to those who know the price first.
/// @dev The hour's price is the one before its first swap, so whoever wants to move it has to leave a
/// price standing from one block to another. That is an example's protection, not an oracle's.
contract VolatilityHook is IPoolHook {
    /// @notice What a pool's hook remembers.
    /// @param hour The hour of the last price, counted from 1970.
    /// @param sqrtPriceX96 The last hour's price.
    /// @param feeMillionths The fee of this hour; zero if there is no forecast yet.
    /// @param next Place of the oldest return, which the next one replaces.
    struct Memory {
        uint32 hour;
        uint160 sqrtPriceX96;
        uint24 feeMillionths;
        uint8 next;
    }

    /// @notice Bounds of the fee, in millionths.
    uint24 public constant MIN_FEE = 500;
    uint24 public constant MAX_FEE = 10_000;
    /// @notice Fee for each percent of volatility expected in the next hour, in millionths.
    uint256 public constant FEE_PER_PERCENT = 2000;

    /// @dev The place of the pools in the manager's storage.
    uint256 private constant POOLS_SLOT = 6;
    uint256 private constant WAD = 1e18;
    uint256 private constant WINDOW = Volatility.INPUT_LENGTH;
    /// @dev Roots of prices that differ by more count as this far apart: beyond the model's range.
    uint256 private constant MAX_ROOT_RATIO = 2e18;

    /// @notice The manager of the pools.
    address public immutable manager;
    /// @notice Root contract of the model.
    address public immutable model;

    /// @notice What is remembered of a pool.
    mapping(bytes32 poolId => Memory) public memoryOf;
    /// @dev A ring for each pool, in percent with 18 decimals.
    mapping(bytes32 poolId => mapping(uint256 place => int256)) private _returns;

    /// @notice A new hour has begun for a pool.
    event HourBegan(bytes32 indexed poolId, uint256 hour, int256 lastReturn, uint24 feeMillionths);

    /// @notice Only the manager may call.
    error NotManager(address caller);
    /// @notice The pool has a fee of its own.
    error FeeNotDynamic(uint24 fee);
    /// @notice The manager would not call this address for what this hook does.
    error WrongHookAddress(address hook);

    /// @param manager_ The manager of the pools.
    /// @param model_ Root contract of the volatility model.
    constructor(address manager_, address model_) {
        uint160 bits = uint160(address(this)) & ALL_HOOK_BITS;
        if (bits != AFTER_INITIALIZE_BIT | BEFORE_SWAP_BIT) revert WrongHookAddress(address(this));
        Volatility.check(model_);
        (manager, model) = (manager_, model_);
    }

    /// @inheritdoc IPoolHook
    function afterInitialize(address, PoolKey calldata key, uint160 sqrtPriceX96, int24)
        external
        returns (bytes4)
    {
        if (msg.sender != manager) revert NotManager(msg.sender);
        if (key.fee != DYNAMIC_FEE) revert FeeNotDynamic(key.fee);
        memoryOf[idOf(key)] = Memory(_hour(), sqrtPriceX96, 0, 0);
        return this.afterInitialize.selector;
    }

    /// @inheritdoc IPoolHook
    function beforeSwap(address, PoolKey calldata key, SwapParams calldata, bytes calldata)
        external
        returns (bytes4, int256, uint24)
    {
        if (msg.sender != manager) revert NotManager(msg.sender);
        bytes32 poolId = idOf(key);
        Memory memory state = memoryOf[poolId];
        if (state.hour != _hour()) {
            state = _beginHour(poolId, state);
            memoryOf[poolId] = state;
        }
        uint24 fee = state.feeMillionths;
        if (fee == 0) {
            fee = _fee(poolId);
            memoryOf[poolId].feeMillionths = fee;
        }
        // Without a forecast the highest fee, for this swap only: the next one asks again. So whoever
        // makes the model run out of gas pays for it alone.
        return (this.beforeSwap.selector, 0, (fee == 0 ? MAX_FEE : fee) | OVERRIDE_FEE);
    }

    /// @notice The volatility expected in the next hour, in percent with 18 decimals.
    function forecast(bytes32 poolId) public view returns (int256 percent) {
        return Volatility.run(model, returnsOf(poolId))[Volatility.OUTPUT_VOLATILITY];
    }

    /// @notice A pool's last hourly returns, oldest first, in percent with 18 decimals.
    function returnsOf(bytes32 poolId) public view returns (int256[] memory window) {
        window = new int256[](WINDOW);
        uint256 next = memoryOf[poolId].next;
        for (uint256 i; i < WINDOW; ++i) {
            window[i] = _returns[poolId][(next + i) % WINDOW];
        }
    }

    /// @notice A pool's id, as the manager has it.
    function idOf(PoolKey calldata key) public pure returns (bytes32 poolId) {
        return keccak256(abi.encode(key));
    }

    /// @dev Writes the return since the last swap's hour; hours without a swap had none.
    function _beginHour(bytes32 poolId, Memory memory state) private returns (Memory memory) {
        uint160 sqrtPriceX96 = _sqrtPriceOf(poolId);
        uint256 idle = _hour() - state.hour - 1;
        for (uint256 i; i < idle && i < WINDOW; ++i) {
            _returns[poolId][state.next] = 0;
            state.next = _after(state.next);
        }
        int256 last = _percentBetween(state.sqrtPriceX96, sqrtPriceX96);
        _returns[poolId][state.next] = last;
        state.next = _after(state.next);
        (state.hour, state.sqrtPriceX96) = (_hour(), sqrtPriceX96);
        // The forecast reads where the ring begins.
        memoryOf[poolId].next = state.next;
        state.feeMillionths = _fee(poolId);
        emit HourBegan(poolId, state.hour, last, state.feeMillionths);
        return state;
    }

    /// @dev The fee for the forecast; zero if the model does not answer.
    function _fee(bytes32 poolId) private view returns (uint24) {
        try this.forecast(poolId) returns (int256 percent) {
            if (percent <= 0) return MIN_FEE;
            if (uint256(percent) >= MAX_FEE * WAD / FEE_PER_PERCENT) return MAX_FEE;
            uint256 fee = uint256(percent) * FEE_PER_PERCENT / WAD;
            // Below the highest fee.
            // forge-lint: disable-next-line(unsafe-typecast)
            return fee < MIN_FEE ? MIN_FEE : uint24(fee);
        } catch {
            return 0;
        }
    }

    function _sqrtPriceOf(bytes32 poolId) private view returns (uint160) {
        bytes32 slot = keccak256(abi.encode(poolId, POOLS_SLOT));
        // The low bits of a pool's first word.
        return uint160(uint256(IPoolManagerState(manager).extsload(slot)));
    }

    function _hour() private view returns (uint32) {
        // Until the year 491,936.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(block.timestamp / 1 hours);
    }

    function _after(uint8 place) private pure returns (uint8) {
        // Below the window's length.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint8((place + 1) % WINDOW);
    }

    /// @dev The simple return in percent, within the range of the model's input: what is beyond counts as
    /// the largest move that it knows.
    function _percentBetween(uint160 before, uint160 current) private pure returns (int256) {
        if (before == 0) return 0;
        uint256 ratio = uint256(current) * WAD / before;
        if (ratio > MAX_ROOT_RATIO) ratio = MAX_ROOT_RATIO;
        // At most four: the cast keeps the value.
        // forge-lint: disable-next-line(unsafe-typecast)
        int256 percent = (int256(ratio * ratio / WAD) - int256(WAD)) * 100;
        if (percent < Volatility.INPUT_RETURNS_MIN) return Volatility.INPUT_RETURNS_MIN;
        if (percent > Volatility.INPUT_RETURNS_MAX) return Volatility.INPUT_RETURNS_MAX;
        return percent;
    }
}
