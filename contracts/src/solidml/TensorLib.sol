// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title SolidML's numbers and tensors
/// @notice The types that OpenGradient's interfaces take and return, under the names and in the layout
/// that contracts written for them use, with the functions that build and read tensors.
library TensorLib {
    /// @notice `value / 10^decimals`: 1.5 is `(15, 1)`.
    struct Number {
        int128 value;
        int128 decimals;
    }

    /// @notice A named tensor of numbers; elements are row-major.
    struct MultiDimensionalNumberTensor {
        string name;
        Number[] values;
        uint32[] shape;
    }

    /// @notice A named list of strings.
    struct StringTensor {
        string name;
        string[] values;
    }

    /// @notice A named JSON text.
    struct JsonScalar {
        string name;
        string value;
    }

    /// @notice A matrix has at least one element.
    error EmptyMatrix();
    /// @notice All rows of a matrix are equally long.
    error RaggedMatrix(uint256 row, uint256 got, uint256 want);
    /// @notice As many indices as the tensor has axes.
    error IndexCount(uint256 got, uint256 want);
    /// @notice The tensor is shorter along this axis.
    error IndexOutOfRange(uint256 axis, uint256 index, uint256 length);

    /// @notice A tensor of one axis.
    function numberTensor1D(string memory name, Number[] memory values)
        internal
        pure
        returns (MultiDimensionalNumberTensor memory tensor)
    {
        uint32[] memory shape = new uint32[](1);
        shape[0] = _toUint32(values.length);
        return MultiDimensionalNumberTensor(name, values, shape);
    }

    /// @notice A tensor of two axes, from its rows.
    function numberTensor2D(string memory name, Number[][] memory rows)
        internal
        pure
        returns (MultiDimensionalNumberTensor memory tensor)
    {
        if (rows.length == 0 || rows[0].length == 0) revert EmptyMatrix();
        uint32[] memory shape = new uint32[](2);
        (shape[0], shape[1]) = (_toUint32(rows.length), _toUint32(rows[0].length));
        Number[] memory values = new Number[](rows.length * rows[0].length);
        uint256 next;
        for (uint256 row; row < rows.length; ++row) {
            if (rows[row].length != shape[1]) {
                revert RaggedMatrix(row, rows[row].length, shape[1]);
            }
            for (uint256 column; column < rows[row].length; ++column) {
                values[next++] = rows[row][column];
            }
        }
        return MultiDimensionalNumberTensor(name, values, shape);
    }

    /// @notice A tensor of this shape, filled with zeros.
    function numberTensorND(string memory name, uint32[] memory shape)
        internal
        pure
        returns (MultiDimensionalNumberTensor memory tensor)
    {
        uint256 count = 1;
        for (uint256 axis; axis < shape.length; ++axis) {
            count *= shape[axis];
        }
        return MultiDimensionalNumberTensor(name, new Number[](count), shape);
    }

    /// @notice Sets an element of a tensor of one axis.
    function setValue(MultiDimensionalNumberTensor memory self, uint32 index, Number memory value)
        internal
        pure
    {
        uint32[] memory indices = new uint32[](1);
        indices[0] = index;
        setValue(self, indices, value);
    }

    /// @notice Sets an element of a matrix.
    function setValue(
        MultiDimensionalNumberTensor memory self,
        uint32 row,
        uint32 column,
        Number memory value
    ) internal pure {
        uint32[] memory indices = new uint32[](2);
        (indices[0], indices[1]) = (row, column);
        setValue(self, indices, value);
    }

    /// @notice Sets an element of a tensor of three axes.
    function setValue(
        MultiDimensionalNumberTensor memory self,
        uint32 first,
        uint32 second,
        uint32 third,
        Number memory value
    ) internal pure {
        uint32[] memory indices = new uint32[](3);
        (indices[0], indices[1], indices[2]) = (first, second, third);
        setValue(self, indices, value);
    }

    /// @notice Sets an element.
    function setValue(
        MultiDimensionalNumberTensor memory self,
        uint32[] memory indices,
        Number memory value
    ) internal pure {
        self.values[_offset(self.shape, indices)] = value;
    }

    /// @notice An element.
    function getValue(MultiDimensionalNumberTensor memory self, uint32[] memory indices)
        internal
        pure
        returns (Number memory)
    {
        return self.values[_offset(self.shape, indices)];
    }

    function _offset(uint32[] memory shape, uint32[] memory indices)
        private
        pure
        returns (uint256 offset)
    {
        if (indices.length != shape.length) revert IndexCount(indices.length, shape.length);
        for (uint256 axis; axis < shape.length; ++axis) {
            if (indices[axis] >= shape[axis]) {
                revert IndexOutOfRange(axis, indices[axis], shape[axis]);
            }
            offset = offset * shape[axis] + indices[axis];
        }
    }

    function _toUint32(uint256 length) private pure returns (uint32) {
        // No array in memory is that long.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(length);
    }
}
