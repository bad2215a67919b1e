// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {InferenceTest} from "../../src/testing/InferenceTest.sol";
import {Harness} from "../Harness.sol";

/// @dev The command line is a stand-in that does as its input says: status, gas used, echo.
contract InferenceShimTest is Harness, InferenceTest {
    address private constant INFERENCE = Predeploys.INFERENCE;
    uint8 private constant REVERTED = 0;
    uint8 private constant RETURNED = 1;
    uint8 private constant HALTED = 2;
    /// @dev What the shim itself needs: it cannot charge less.
    uint256 private constant SHIM_GAS = 1_000;
    /// @dev What a call costs besides the precompile's own charge: the CALL, copying the answer.
    uint256 private constant TOLERANCE = 800;

    string private here;

    function setUp() public {
        useInferenceCli("contracts/test/mocks/fixpoint-cli.cjs");
        here = vm.toString(address(this));
    }

    /// @dev The first touch of an address in a test costs more; keeps it out of a measurement.
    modifier warm() {
        vm.assertTrue(INFERENCE.code.length != 0, "placed");
        _;
    }

    function test_theCommandLineGetsCallerAndInput() public {
        (bool ok, bytes memory data) = INFERENCE.call(input(RETURNED, 0, 20));
        vm.assertTrue(ok, "returned");
        vm.assertEq(
            string(data),
            string.concat("precompile --input argument of 20 --caller ", here, " --gas N")
        );
        vm.prank(ALICE);
        (ok, data) = INFERENCE.call(input(RETURNED, 0, 9));
        vm.assertTrue(ok, "returned");
        vm.assertEq(
            string(data),
            string.concat(
                "precompile --input argument of 9 --caller ", vm.toString(ALICE), " --gas N"
            )
        );
    }

    function test_aStaticContextIsSeen() public view {
        (bool ok, bytes memory data) = INFERENCE.staticcall(input(RETURNED, 0, 9));
        vm.assertTrue(ok, "returned");
        vm.assertEq(
            string(data),
            string.concat("precompile --input argument of 9 --caller ", here, " --gas N --static")
        );
    }

    /// @dev Any files do: the stand-in does not read them.
    function test_modelsArePassedOn() public {
        useModel(ALICE, "foundry.toml", BOB);
        address second = useModel("package.json");
        vm.assertTrue(ALICE.code.length != 0 && second.code.length != 0, "contracts");
        (bool ok, bytes memory data) = INFERENCE.call(input(RETURNED, 0, 9));
        vm.assertTrue(ok, "returned");
        string memory first =
            string.concat(" --model ", vm.toString(ALICE), "@", vm.toString(BOB), "=foundry.toml");
        string memory open =
            string.concat(" --model ", vm.toString(second), "@", vm.toString(address(0)));
        vm.assertEq(
            string(data),
            string.concat(
                "precompile --input argument of 9 --caller ",
                here,
                " --gas N",
                first,
                open,
                "=package.json"
            )
        );
    }

    function test_aMissingModelFileFailsAtOnce() public {
        string memory file = "models/none.fxp";
        vm.expectRevert(abi.encodeWithSelector(InferenceTest.ModelFileMissing.selector, file));
        this.placeModel(file);
    }

    function test_aMissingBinaryFailsAtOnce() public {
        vm.expectPartialRevert(InferenceTest.FixpointNotRunnable.selector);
        this.placeCli("no/such/fixpoint");
    }

    function test_aBinaryThatFailsIsNoFixpoint() public {
        vm.expectPartialRevert(InferenceTest.FixpointNotRunnable.selector);
        this.placeCli("false");
    }

    function test_aLargeInputGoesThroughAFile() public {
        (bool ok, bytes memory data) = INFERENCE.call(input(RETURNED, 0, 200_000));
        vm.assertTrue(ok, "returned");
        vm.assertEq(
            string(data),
            string.concat("precompile --input file of 200000 --caller ", here, " --gas N")
        );
    }

    /// @dev Few runs: each starts a process.
    /// forge-config: default.fuzz.runs = 12
    /// forge-config: ci.fuzz.runs = 12
    function test_fuzz_gasIsWhatThePrecompileCharges(uint24 cost, uint16 length) public warm {
        // Below what goes through a file: where a test has settings of its own and the profile is not
        // the default one, forge 1.7.1 at times forgets which files it may write.
        bytes memory data = input(RETURNED, cost, 9 + uint256(length) % 32_000);
        (bool ok, uint256 gasUsed) = measure(gasleft(), data);
        vm.assertTrue(ok, string.concat("reverted: ", vm.toString(returned())));
        vm.assertGe(gasUsed, cost);
        vm.assertLt(gasUsed, (cost < SHIM_GAS ? SHIM_GAS : cost) + TOLERANCE);
    }

    function test_aRevertChargesAndCarriesData() public warm {
        bytes memory call = input(REVERTED, 50_000, 9);
        uint256 gasBefore = gasleft();
        (bool ok, bytes memory data) = INFERENCE.call(call);
        uint256 gasUsed = gasBefore - gasleft();
        vm.assertTrue(!ok, "reverted");
        vm.assertTrue(data.length != 0, "data");
        vm.assertGe(gasUsed, 50_000);
        vm.assertLt(gasUsed, 50_000 + TOLERANCE);
    }

    /// @dev The native side says that it used all it was given.
    function test_runningOutOfGasTakesItAll() public warm {
        bytes memory data = input(HALTED, 300_000, 9);
        (bool ok, uint256 gasUsed) = measure(300_000, data);
        vm.assertTrue(!ok, "halted");
        vm.assertGe(gasUsed, 300_000 - TOLERANCE);
        vm.assertLt(gasUsed, 300_000 + TOLERANCE);
    }

    /// @dev Few runs: each starts a process.
    /// forge-config: default.fuzz.runs = 12
    /// forge-config: ci.fuzz.runs = 12
    function test_fuzz_gasJustEnoughIsEnough(uint24 cost) public warm {
        if (cost < 10_000) cost += 10_000;
        (bool ok,) = measure(uint256(cost) + 1_000, input(RETURNED, cost, 9));
        vm.assertTrue(ok, string.concat("reverted: ", vm.toString(returned())));
    }

    /// @dev The transient need that the shim documents.
    function test_gasForTheShimsMemory() public warm {
        (bool ok, uint256 gasUsed) = measure(100_000, input(RETURNED, 1_000, 30_000));
        vm.assertTrue(ok && gasUsed < 10_000, "30 kB");
        (ok, gasUsed) = measure(3_000_000, input(RETURNED, 1_000, 200_000));
        vm.assertTrue(ok && gasUsed < 150_000, "200 kB");
    }

    function test_delegatecallAndValueAreRefusedPlainly() public {
        (bool ok, bytes memory data) = INFERENCE.delegatecall(input(RETURNED, 0, 9));
        vm.assertTrue(!ok && data.length == 0, "delegatecall");
        vm.deal(address(this), 1);
        (ok, data) = INFERENCE.call{value: 1}(input(RETURNED, 0, 9));
        vm.assertTrue(!ok && data.length == 0, "value");
    }

    /// @notice A call frame of its own, for `expectRevert`.
    function placeModel(string calldata file) external {
        useModel(file);
    }

    /// @notice A call frame of its own, for `expectRevert`.
    function placeCli(string calldata binary) external {
        useInferenceCli(binary);
    }

    /// @dev Solidity's own call would copy the input, and charge for that.
    function measure(uint256 given, bytes memory data) private returns (bool ok, uint256 gasUsed) {
        address target = INFERENCE;
        assembly ("memory-safe") {
            gasUsed := gas()
            ok := call(given, target, 0, add(data, 0x20), mload(data), 0, 0)
            gasUsed := sub(gasUsed, gas())
        }
    }

    /// @dev What the last call returned, or reverted with.
    function returned() private pure returns (bytes memory data) {
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, returndatasize())
            returndatacopy(add(data, 0x20), 0, returndatasize())
            mstore(0x40, and(add(add(data, returndatasize()), 0x3f), not(0x1f)))
        }
    }

    function input(uint8 status, uint64 gasUsed, uint256 length)
        private
        pure
        returns (bytes memory)
    {
        return bytes.concat(abi.encodePacked(status, gasUsed), new bytes(length - 9));
    }
}
