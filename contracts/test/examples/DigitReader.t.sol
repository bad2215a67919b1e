// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {DigitReader} from "../../examples/DigitReader.sol";
import {IInference} from "../../src/interfaces/IInference.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Harness} from "../Harness.sol";
import {StubModel} from "../mocks/StubModel.sol";

contract DigitReaderTest is Harness {
    uint256 private constant PRICE = 3 gwei;

    StubModel private constant STUB = StubModel(Predeploys.INFERENCE);
    DigitReader private reader;

    function setUp() public {
        placePredeploys();
        reader = new DigitReader(listModel(ALICE, PRICE));
        vm.etch(Predeploys.INFERENCE, type(StubModel).runtimeCode);
        vm.deal(BOB, 1 ether);
    }

    function test_fuzz_theLargestScoreDecides(uint8 best, uint256 seed) public {
        best = best % 10;
        (bytes memory scan, int256[] memory ink) = scanOf(seed);
        int256[] memory scores = new int256[](10);
        scores[best] = 1;
        STUB.answer(ink, scores);

        vm.assertEq(reader.price(), PRICE);
        vm.expectEmit(address(reader));
        emit DigitReader.DigitRead(0, best, BOB);
        vm.prank(BOB);
        (uint256 id, uint8 digit) = reader.read{value: PRICE}(scan);
        vm.assertEq(id, 0);
        vm.assertEq(digit, best);
        vm.assertEq(reader.digits(0), best);
        vm.assertEq(reader.count(), 1);
        vm.assertEq(GATEWAY.earnings(ALICE), PRICE);
        vm.assertEq(address(reader).balance, 0);

        vm.prank(BOB);
        (id,) = reader.read{value: PRICE}(scan);
        vm.assertEq(id, 1);
    }

    function test_fuzz_aScanOfAnotherLengthIsRefused(bytes calldata scan) public {
        vm.assume(scan.length != 64);
        vm.expectRevert(abi.encodeWithSelector(DigitReader.ScanLength.selector, scan.length, 64));
        vm.prank(BOB);
        reader.read{value: PRICE}(scan);
    }

    function test_failuresReachTheCallerAndCostNothing() public {
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceGateway.WrongPayment.selector, PRICE - 1, PRICE)
        );
        vm.prank(BOB);
        reader.read{value: PRICE - 1}(new bytes(64));

        bytes memory failure = abi.encodeWithSelector(IInference.InputRange.selector, 5);
        STUB.fail(failure);
        vm.expectRevert(failure);
        vm.prank(BOB);
        reader.read{value: PRICE}(new bytes(64));
        vm.assertEq(reader.count(), 0);
        vm.assertEq(BOB.balance, 1 ether);
    }

    /// @dev A scan and what the model has to be asked.
    function scanOf(uint256 seed) private pure returns (bytes memory scan, int256[] memory ink) {
        scan = new bytes(64);
        ink = new int256[](64);
        for (uint256 i; i < 64; ++i) {
            uint8 level = uint8(bytes1(keccak256(abi.encode(seed, i)))) % 17;
            scan[i] = bytes1(level);
            ink[i] = int256(uint256(level)) * 1e18;
        }
    }
}
