// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {TensorLib} from "./TensorLib.sol";

/// @title SolidML's statistics
/// @notice OpenGradient's interface at `0x00000000000000000000000000000000000000F6`; what each function
/// computes here, exactly, is in `ISolidMLPreprocessing`.
interface OGPreprocessing {
    /// @notice The smallest number.
    function min(TensorLib.Number[] calldata data) external returns (TensorLib.Number memory);
    /// @notice The largest number.
    function max(TensorLib.Number[] calldata data) external returns (TensorLib.Number memory);
    /// @notice The sum divided by the count.
    function mean(TensorLib.Number[] calldata data) external returns (TensorLib.Number memory);
    /// @notice The root of the variance.
    function stdDev(TensorLib.Number[] calldata data) external returns (TensorLib.Number memory);
    /// @notice The mean of the squared distances from the mean.
    function variance(TensorLib.Number[] calldata data) external returns (TensorLib.Number memory);
    /// @notice The number in the middle, or the mean of the two there.
    function median(TensorLib.Number[] calldata data) external returns (TensorLib.Number memory);
    /// @notice Each number's distance from the mean in standard deviations.
    function standardize(TensorLib.Number[] calldata data)
        external
        returns (TensorLib.Number[] memory);
    /// @notice Each number's place between the smallest, 0, and the largest, 1.
    function normalize(TensorLib.Number[] calldata data)
        external
        returns (TensorLib.Number[] memory);
    /// @notice Pearson's correlation of two lists, from -1 to 1.
    function correlation(TensorLib.Number[] calldata dataX, TensorLib.Number[] calldata dataY)
        external
        returns (TensorLib.Number memory);
}
