// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {TensorLib} from "../../src/solidml/TensorLib.sol";
import {Harness} from "../Harness.sol";

contract TensorLibTest is Harness {
    using TensorLib for TensorLib.MultiDimensionalNumberTensor;

    function test_oneAxis() public pure {
        TensorLib.Number[] memory values = new TensorLib.Number[](3);
        TensorLib.MultiDimensionalNumberTensor memory tensor = TensorLib.numberTensor1D("x", values);
        vm.assertEq(tensor.name, "x");
        vm.assertEq(tensor.shape.length, 1);
        vm.assertEq(tensor.shape[0], 3);
        tensor.setValue(2, TensorLib.Number(7, 1));
        vm.assertEq(tensor.values[2].value, 7);
        vm.assertEq(tensor.getValue(indices(2)).decimals, 1);
    }

    function test_rows() public {
        TensorLib.Number[][] memory rows = new TensorLib.Number[][](2);
        for (uint256 i; i < 2; ++i) {
            rows[i] = new TensorLib.Number[](3);
            rows[i][1].value = int128(uint128(i + 1));
        }
        TensorLib.MultiDimensionalNumberTensor memory tensor = TensorLib.numberTensor2D("m", rows);
        vm.assertEq(tensor.values.length, 6);
        vm.assertEq(tensor.shape[0], 2);
        vm.assertEq(tensor.shape[1], 3);
        vm.assertEq(tensor.values[1].value, 1);
        vm.assertEq(tensor.values[4].value, 2);
        tensor.setValue(1, 2, TensorLib.Number(9, 0));
        vm.assertEq(tensor.values[5].value, 9);

        rows[1] = new TensorLib.Number[](2);
        vm.expectRevert(abi.encodeWithSelector(TensorLib.RaggedMatrix.selector, 1, 2, 3));
        this.matrix(rows);
        rows[0] = new TensorLib.Number[](0);
        vm.expectRevert(TensorLib.EmptyMatrix.selector);
        this.matrix(rows);
        vm.expectRevert(TensorLib.EmptyMatrix.selector);
        this.matrix(new TensorLib.Number[][](0));
    }

    function test_threeAxes() public {
        uint32[] memory shape = new uint32[](3);
        (shape[0], shape[1], shape[2]) = (2, 3, 4);
        TensorLib.MultiDimensionalNumberTensor memory tensor = TensorLib.numberTensorND("c", shape);
        vm.assertEq(tensor.values.length, 24);
        tensor.setValue(1, 2, 3, TensorLib.Number(5, 0));
        vm.assertEq(tensor.values[23].value, 5);
        uint32[] memory indices_ = new uint32[](3);
        (indices_[0], indices_[1], indices_[2]) = (1, 0, 2);
        tensor.setValue(indices_, TensorLib.Number(6, 0));
        vm.assertEq(tensor.values[14].value, 6);
        vm.assertEq(tensor.getValue(indices_).value, 6);

        indices_[1] = 3;
        vm.expectRevert(abi.encodeWithSelector(TensorLib.IndexOutOfRange.selector, 1, 3, 3));
        this.get(tensor, indices_);
        vm.expectRevert(abi.encodeWithSelector(TensorLib.IndexCount.selector, 1, 3));
        this.get(tensor, indices(0));
    }

    function matrix(TensorLib.Number[][] memory rows) external pure {
        TensorLib.numberTensor2D("m", rows);
    }

    function get(TensorLib.MultiDimensionalNumberTensor memory tensor, uint32[] memory indices_)
        external
        pure
    {
        tensor.getValue(indices_);
    }

    function indices(uint32 index) private pure returns (uint32[] memory list) {
        list = new uint32[](1);
        list[0] = index;
    }
}
