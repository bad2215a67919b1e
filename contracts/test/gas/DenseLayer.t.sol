// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Harness} from "../Harness.sol";
import {DenseLayer} from "./DenseLayer.sol";

/// @dev Writes figures to `snapshots/`, where `scripts/gas.py` reads them.
interface SnapshotVm {
    function snapshotValue(string calldata name, uint256 value) external;
}

/// @title What a dense layer costs without the precompile
contract DenseLayerTest is Harness {
    uint256 private constant OUTPUTS = DenseLayer.OUTPUTS;

    /// @dev One layer in all forms that the functions take.
    struct Operands {
        int8[] x;
        int8[][] weights;
        int32[] bias;
        DenseLayer.Scale scale;
        DenseLayer.Sixteen[] blocks;
        DenseLayer.Sixteen[] rows;
        int256[16] wideBias;
        bytes packedX;
        uint256[] packedWeights;
        int256[16] packedBias;
    }

    struct Result {
        int8[] outputs;
        uint256 gas;
    }

    /// @dev Equal results at every depth that the table uses, random operands and the ends of int8.
    /// Fewer runs: each is several inferences in Solidity.
    /// forge-config: ci.fuzz.runs = 256
    function testFuzz_AllFormsGiveTheSame(uint256 seed, uint8 blocks, bool isExtreme) public view {
        Operands memory layer = operands(seed, 16 * bound(blocks, 1, 8), isExtreme);
        Result memory want = plain(layer);
        assertSame(optimised(layer), want);
        assertSame(lanes(layer), want);
    }

    function test_ResultsAreWhatTheyShouldBe() public view {
        Operands memory layer = operands(1, 16, true);
        // All elements and weights -128: 16 * (-128 - zero) * -128 + bias, scaled by 2^-10.
        int256 sum = 16 * (-128 - layer.scale.inputZero) * -128 + int256(layer.bias[0]);
        int256 want = ((sum * layer.scale.multiplier + 2 ** 39) >> 40) + layer.scale.outputZero;
        if (want > 127) want = 127;
        vm.assertEq(int256(plain(layer).outputs[0]), want);
    }

    /// @dev A product of 16 by 16, and one of 64 by 16 to tell what an output costs from what a product
    /// does.
    function test_Gas() public {
        SnapshotVm snapshots = SnapshotVm(address(vm));
        string[2] memory depths = ["16x16", "64x16"];
        for (uint256 turn = 0; turn < 2; turn++) {
            Operands memory layer = operands(7, turn == 0 ? 16 : 64, false);
            Result memory want = plain(layer);
            Result memory fast = optimised(layer);
            Result memory packed = lanes(layer);
            assertSame(fast, want);
            assertSame(packed, want);
            snapshots.snapshotValue(string.concat(depths[turn], " plain"), want.gas);
            snapshots.snapshotValue(string.concat(depths[turn], " optimised"), fast.gas);
            snapshots.snapshotValue(string.concat(depths[turn], " lanes"), packed.gas);
        }
    }

    function plain(Operands memory layer) private view returns (Result memory result) {
        uint256 before = gasleft();
        result.outputs = DenseLayer.plain(layer.x, layer.weights, layer.bias, layer.scale);
        result.gas = before - gasleft();
    }

    function optimised(Operands memory layer) private view returns (Result memory result) {
        uint256 before = gasleft();
        result.outputs = DenseLayer.optimised(layer.blocks, layer.rows, layer.wideBias, layer.scale);
        result.gas = before - gasleft();
    }

    function lanes(Operands memory layer) private view returns (Result memory result) {
        uint256 before = gasleft();
        bytes memory packed =
            DenseLayer.lanes(layer.packedX, layer.packedWeights, layer.packedBias, layer.scale);
        result.gas = before - gasleft();
        result.outputs = new int8[](OUTPUTS);
        for (uint256 n = 0; n < OUTPUTS; n++) {
            result.outputs[n] = int8(uint8(packed[n]));
        }
    }

    function assertSame(Result memory got, Result memory want) private pure {
        vm.assertEq(got.outputs.length, OUTPUTS);
        for (uint256 n = 0; n < OUTPUTS; n++) {
            vm.assertEq(int256(got.outputs[n]), int256(want.outputs[n]));
        }
    }

    function operands(uint256 seed, uint256 depth, bool isExtreme)
        private
        pure
        returns (Operands memory layer)
    {
        layer.scale = DenseLayer.Scale({
            inputZero: -3, multiplier: 1 << 30, shiftBits: 40, outputZero: 5
        });
        layer.x = new int8[](depth);
        layer.packedX = new bytes(depth);
        layer.blocks = new DenseLayer.Sixteen[](depth / 16);
        for (uint256 k = 0; k < depth; k++) {
            layer.x[k] = element(seed, k, isExtreme);
            layer.packedX[k] = bytes1(uint8(int8(layer.x[k]) ^ -128));
            set(layer.blocks[k / 16], k % 16, layer.x[k] - layer.scale.inputZero);
        }
        layer.weights = new int8[][](OUTPUTS);
        layer.bias = new int32[](OUTPUTS);
        layer.rows = new DenseLayer.Sixteen[](OUTPUTS * depth / 16);
        layer.packedWeights = new uint256[](2 * depth);
        for (uint256 n = 0; n < OUTPUTS; n++) {
            addOutput(layer, seed, n, isExtreme);
        }
    }

    function addOutput(Operands memory layer, uint256 seed, uint256 n, bool isExtreme)
        private
        pure
    {
        uint256 depth = layer.x.length;
        layer.weights[n] = new int8[](depth);
        int256 total;
        for (uint256 k = 0; k < depth; k++) {
            int8 weight = element(seed, 1000 + n * depth + k, isExtreme);
            layer.weights[n][k] = weight;
            set(layer.rows[(n * depth + k) / 16], k % 16, weight);
            layer.packedWeights[2 * k + n / 8] |= uint256(uint8(weight ^ -128)) << (32 * (n % 8));
            total += weight;
        }
        layer.bias[n] = int32(int256(uint256(keccak256(abi.encode(seed, n))) % 20_001) - 10_000);
        layer.wideBias[n] = layer.bias[n];
        layer.packedBias[n] = layer.bias[n] - (128 + layer.scale.inputZero) * total;
    }

    function set(DenseLayer.Sixteen memory words_, uint256 field, int256 value) private pure {
        assembly ("memory-safe") {
            mstore(add(words_, shl(5, field)), value)
        }
    }

    /// @dev Any int8; -128, or sometimes 127, if extreme.
    function element(uint256 seed, uint256 place, bool isExtreme)
        private
        pure
        returns (int8 value)
    {
        uint8 byte_ = uint8(uint256(keccak256(abi.encode(seed, place))));
        if (isExtreme) return seed > 1 && byte_ % 3 == 0 ? int8(127) : int8(-128);
        return int8(byte_);
    }
}
