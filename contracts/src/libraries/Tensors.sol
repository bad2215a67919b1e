// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IInference} from "../interfaces/IInference.sol";
import {ISolidMLInference} from "../interfaces/ISolidMLInference.sol";
import {TensorLib} from "../solidml/TensorLib.sol";
import {Numbers} from "./Numbers.sol";

/// @title SolidML's tensors as the precompile's words
/// @notice What `ISolidMLInference` says about inputs and outputs.
library Tensors {
    /// @notice The model's inputs one after another, each found by its name.
    /// @dev As many tensors as inputs, and the inputs' names are unique: so none is given twice.
    function toWords(
        TensorLib.MultiDimensionalNumberTensor[] memory tensors,
        IInference.TensorInfo[] memory inputs
    ) internal pure returns (int256[] memory words) {
        if (tensors.length != inputs.length) {
            revert ISolidMLInference.TensorCount(tensors.length, inputs.length);
        }
        words = new int256[](_count(inputs));
        uint256 next;
        for (uint256 i; i < inputs.length; ++i) {
            TensorLib.MultiDimensionalNumberTensor memory tensor = _find(tensors, inputs[i].name);
            _check(tensor, inputs[i]);
            bool scaled = inputs[i].quantisation != 0;
            for (uint256 j; j < tensor.values.length; ++j) {
                words[next++] =
                    scaled ? Numbers.toWad(tensor.values[j]) : Numbers.toInteger(tensor.values[j]);
            }
        }
    }

    /// @notice The model's outputs, named and shaped.
    function fromWords(int256[] memory words, IInference.TensorInfo[] memory outputs)
        internal
        pure
        returns (TensorLib.MultiDimensionalNumberTensor[] memory tensors)
    {
        tensors = new TensorLib.MultiDimensionalNumberTensor[](outputs.length);
        uint256 next;
        for (uint256 i; i < outputs.length; ++i) {
            IInference.TensorInfo memory info = outputs[i];
            uint256 decimals = info.quantisation == 0 ? 0 : Numbers.WAD_DECIMALS;
            TensorLib.Number[] memory values = new TensorLib.Number[](_size(info.shape));
            for (uint256 j; j < values.length; ++j) {
                values[j] = Numbers.fit(words[next++], decimals);
            }
            tensors[i] = TensorLib.MultiDimensionalNumberTensor(info.name, values, info.shape);
        }
    }

    function _find(TensorLib.MultiDimensionalNumberTensor[] memory tensors, string memory name)
        private
        pure
        returns (TensorLib.MultiDimensionalNumberTensor memory)
    {
        bytes32 wanted = keccak256(bytes(name));
        for (uint256 i; i < tensors.length; ++i) {
            if (keccak256(bytes(tensors[i].name)) == wanted) return tensors[i];
        }
        revert ISolidMLInference.MissingTensor(name);
    }

    function _check(
        TensorLib.MultiDimensionalNumberTensor memory tensor,
        IInference.TensorInfo memory info
    ) private pure {
        if (!_sameShape(tensor.shape, info.shape)) {
            revert ISolidMLInference.TensorShape(tensor.name, tensor.shape, info.shape);
        }
        uint256 size = _size(info.shape);
        if (tensor.values.length != size) {
            revert ISolidMLInference.TensorLength(tensor.name, tensor.values.length, size);
        }
    }

    /// @dev Axes of length one change nothing about the order of elements.
    function _sameShape(uint32[] memory a, uint32[] memory b) private pure returns (bool) {
        uint256 j;
        for (uint256 i; i < a.length; ++i) {
            if (a[i] == 1) continue;
            while (j < b.length && b[j] == 1) {
                ++j;
            }
            if (j == b.length || a[i] != b[j]) return false;
            ++j;
        }
        while (j < b.length && b[j] == 1) {
            ++j;
        }
        return j == b.length;
    }

    function _count(IInference.TensorInfo[] memory infos) private pure returns (uint256 count) {
        for (uint256 i; i < infos.length; ++i) {
            count += _size(infos[i].shape);
        }
    }

    /// @dev The precompile's limits keep it small.
    function _size(uint32[] memory shape) private pure returns (uint256 size) {
        size = 1;
        for (uint256 axis; axis < shape.length; ++axis) {
            size *= shape[axis];
        }
    }
}
