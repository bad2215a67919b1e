// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {VolatilityHook} from "../../examples/VolatilityHook.sol";
import {Volatility} from "../../examples/models/Volatility.sol";
import {
    DYNAMIC_FEE,
    IPoolHook,
    OVERRIDE_FEE,
    PoolKey,
    SwapParams
} from "../../examples/uniswap/IPoolHook.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {Hooks, NamedModel, PoolManagerStub} from "../mocks/HookBench.sol";

contract VolatilityHookTest is Harness {
    address private constant MODEL = address(0x30DE1);
    NamedModel private constant STUB = NamedModel(Predeploys.INFERENCE);
    uint160 private constant ONE = 1 << 96;
    uint256 private constant START = 1_000_000 hours;

    PoolManagerStub private manager;
    VolatilityHook private hook;
    PoolKey private key;
    bytes32 private poolId;

    function setUp() public {
        vm.etch(Predeploys.INFERENCE, type(NamedModel).runtimeCode);
        answer(1e18);
        vm.warp(START);
        manager = new PoolManagerStub();
        hook = Hooks.deploy(address(manager), MODEL);
        key = Hooks.keyOf(hook);
        poolId = hook.idOf(key);
        manager.initialize(key, ONE);
    }

    /// @dev As v4-core 1.0.2 has them.
    function test_selectorsAreTheManagers() public pure {
        vm.assertEq(bytes32(IPoolHook.afterInitialize.selector), bytes32(bytes4(0x6fe7e6eb)));
        vm.assertEq(bytes32(IPoolHook.beforeSwap.selector), bytes32(bytes4(0x575e24b4)));
    }

    function test_onlyTheManagerCalls() public {
        bytes memory want =
            abi.encodeWithSelector(VolatilityHook.NotManager.selector, address(this));
        vm.expectRevert(want);
        hook.afterInitialize(address(this), key, ONE, 0);
        vm.expectRevert(want);
        hook.beforeSwap(address(this), key, SwapParams(true, -1, 0), "");
    }

    function test_aPoolWithAFeeOfItsOwnIsRefused() public {
        key.fee = 3000;
        vm.expectRevert(abi.encodeWithSelector(VolatilityHook.FeeNotDynamic.selector, 3000));
        manager.initialize(key, ONE);
    }

    function test_anAddressThatSaysSomethingElseIsRefused() public {
        vm.expectPartialRevert(VolatilityHook.WrongHookAddress.selector);
        // Of 16,384 addresses one would do; this one does not.
        new VolatilityHook{salt: 0}(address(manager), MODEL);
    }

    function test_anotherModelIsRefused() public {
        STUB.set(keccak256("another"), 0, false);
        vm.expectRevert(
            abi.encodeWithSelector(Volatility.WrongModel.selector, BOB, keccak256("another"))
        );
        this.deploy();
    }

    function test_theHoursReturnIsInPercent() public {
        // The root is a tenth higher, so the price is 21 %: more than the model knows.
        movePrice(11, 10);
        vm.assertEq(hook.returnsOf(poolId)[15], Volatility.INPUT_RETURNS_MAX);
        // Up by 1 % in the root.
        movePrice(101, 100);
        int256[] memory window = hook.returnsOf(poolId);
        vm.assertEq(window[14], Volatility.INPUT_RETURNS_MAX);
        vm.assertTrue(window[15] > 2.0099e18 && window[15] <= 2.01e18, "percent");
        for (uint256 i; i < 14; ++i) {
            vm.assertEq(window[i], 0);
        }
    }

    function test_hoursWithoutASwapHadNoReturn() public {
        movePrice(101, 100);
        vm.warp(block.timestamp + 2 hours);
        movePrice(100, 101);
        int256[] memory window = hook.returnsOf(poolId);
        vm.assertTrue(window[12] > 0 && window[13] == 0 && window[14] == 0, "idle");
        vm.assertTrue(window[15] < 0, "down");
        // Nothing is left after longer than the window.
        vm.warp(block.timestamp + 1000 hours);
        movePrice(1, 1);
        window = hook.returnsOf(poolId);
        for (uint256 i; i < 16; ++i) {
            vm.assertEq(window[i], 0);
        }
    }

    function test_swapsInAnHourChangeNothing() public {
        movePrice(101, 100);
        int256[] memory window = hook.returnsOf(poolId);
        manager.setPrice(key, 3 * ONE);
        vm.warp(block.timestamp + 59 minutes);
        answer(5e18);
        vm.assertEq(manager.swap(key), 2000 | OVERRIDE_FEE);
        vm.assertEq(abi.encode(hook.returnsOf(poolId)), abi.encode(window));
    }

    function test_theFeeFollowsTheForecastWithinBounds() public {
        int256[2][7] memory cases = [
            [type(int256).min, 500],
            [int256(0), 500],
            [int256(0.25e18), 500],
            [int256(0.3e18), 600],
            [int256(4.9e18), 9800],
            [int256(5e18), 10_000],
            [type(int256).max, 10_000]
        ];
        for (uint256 i; i < cases.length; ++i) {
            answer(cases[i][0]);
            vm.warp(block.timestamp + 1 hours);
            vm.assertEq(manager.swap(key), uint24(uint256(cases[i][1])) | OVERRIDE_FEE);
        }
    }

    /// @dev Also in the pool's first hour, and after one that began without an answer.
    function test_withoutAForecastTheHighestFeeUntilThereIsOne() public {
        vm.assertEq(manager.swap(key), 2000 | OVERRIDE_FEE);
        STUB.set(Volatility.CONTENT_HASH, 0, true);
        vm.warp(block.timestamp + 1 hours);
        vm.assertEq(manager.swap(key), 10_000 | OVERRIDE_FEE);
        answer(1.5e18);
        vm.assertEq(manager.swap(key), 3000 | OVERRIDE_FEE);
    }

    function test_fuzz_anyPricesCanBeSwappedAt(uint160 first, uint160 second, uint32 elapsed)
        public
    {
        manager.setPrice(key, first);
        vm.warp(block.timestamp + elapsed);
        manager.swap(key);
        manager.setPrice(key, second);
        vm.warp(block.timestamp + 1 hours);
        manager.swap(key);
        int256 last = hook.returnsOf(poolId)[15];
        vm.assertTrue(
            last >= Volatility.INPUT_RETURNS_MIN && last <= Volatility.INPUT_RETURNS_MAX, "range"
        );
    }

    /// @notice A call frame of its own, for `expectRevert`.
    function deploy() external {
        Hooks.deploy(address(manager), BOB);
    }

    /// @dev An hour later the root of the price is times `up / down`, and somebody swaps.
    function movePrice(uint160 up, uint160 down) private {
        (, uint160 current,,) = hook.memoryOf(poolId);
        manager.setPrice(key, current / down * up);
        vm.warp(block.timestamp + 1 hours);
        manager.swap(key);
    }

    function answer(int256 percent) private {
        STUB.set(Volatility.CONTENT_HASH, percent, false);
    }
}
