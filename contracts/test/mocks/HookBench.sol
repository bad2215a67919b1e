// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {VolatilityHook} from "../../examples/VolatilityHook.sol";
import {
    AFTER_INITIALIZE_BIT,
    ALL_HOOK_BITS,
    BEFORE_SWAP_BIT,
    DYNAMIC_FEE,
    IPoolHook,
    PoolKey,
    SwapParams
} from "../../examples/uniswap/IPoolHook.sol";
import {IInference} from "../../src/interfaces/IInference.sol";

/// @title As much of a pool manager as a hook sees: it calls the hook, and its storage has a price
contract PoolManagerStub {
    uint256 private constant POOLS_SLOT = 6;

    mapping(bytes32 slot => bytes32 word) public extsload;

    function setPrice(PoolKey memory key, uint160 sqrtPriceX96) public {
        bytes32 slot = keccak256(abi.encode(keccak256(abi.encode(key)), POOLS_SLOT));
        // Tick and fees are above the price.
        extsload[slot] = bytes32(uint256(sqrtPriceX96) | 0x55 << 160);
    }

    function initialize(PoolKey memory key, uint160 sqrtPriceX96) external {
        setPrice(key, sqrtPriceX96);
        bytes4 selector = IPoolHook(key.hooks).afterInitialize(msg.sender, key, sqrtPriceX96, 0);
        require(selector == IPoolHook.afterInitialize.selector, "afterInitialize");
    }

    /// @return fee What the swap costs, with the flag that says so.
    function swap(PoolKey memory key) external returns (uint24 fee) {
        bytes4 selector;
        int256 delta;
        (selector, delta, fee) =
            IPoolHook(key.hooks).beforeSwap(msg.sender, key, SwapParams(true, -1, 0), "");
        require(selector == IPoolHook.beforeSwap.selector && delta == 0, "beforeSwap");
    }
}

/// @title Puts hooks where a manager would call them
library Hooks {
    /// @notice Deploys the hook at an address whose low bits say what it does.
    function deploy(address manager, address model) internal returns (VolatilityHook) {
        bytes32 codeHash = keccak256(
            abi.encodePacked(type(VolatilityHook).creationCode, abi.encode(manager, model))
        );
        uint256 salt;
        while (!isMeant(Create2.computeAddress(bytes32(salt), codeHash))) ++salt;
        return new VolatilityHook{salt: bytes32(salt)}(manager, model);
    }

    function isMeant(address hook) private pure returns (bool) {
        return uint160(hook) & ALL_HOOK_BITS == AFTER_INITIALIZE_BIT | BEFORE_SWAP_BIT;
    }

    /// @notice A pool of the hook's.
    function keyOf(VolatilityHook hook) internal pure returns (PoolKey memory) {
        return PoolKey(address(1), address(2), DYNAMIC_FEE, 60, address(hook));
    }
}

/// @title A precompile whose one model has the bytes that somebody says, and one answer
contract NamedModel {
    bytes32 private _contentHash;
    int256 private _answer;
    bool private _fails;

    function set(bytes32 contentHash, int256 answer, bool fails) external {
        (_contentHash, _answer, _fails) = (contentHash, answer, fails);
    }

    function modelInfo(address) external view returns (IInference.ModelInfo memory info) {
        info.contentHash = _contentHash;
    }

    function inference(address model, int256[] calldata)
        external
        view
        returns (int256[] memory output)
    {
        if (_fails) revert IInference.NotActivated(model);
        output = new int256[](1);
        output[0] = _answer;
    }
}
