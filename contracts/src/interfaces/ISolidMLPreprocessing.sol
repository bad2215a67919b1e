// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {OGPreprocessing} from "../solidml/OGPreprocessing.sol";

/// @title Statistics of lists of numbers
/// @notice `OGPreprocessing` in exact integer arithmetic. Every function is pure, so a static call
/// works too. Definitions are NumPy's: variance and deviation are those of the population (`ddof=0`).
/// @dev A list is first read as integers at one scale: 18 decimals, or as many fewer as make its
/// largest number less than 2^108 in size; what is finer is rounded, a half towards plus infinity. On
/// these integers:
///
/// | function                  | decimals of the result | distance from the exact value   |
/// |---------------------------|------------------------|---------------------------------|
/// | `min`, `max`              | the list's             | 0                               |
/// | `mean`, `median`          | the list's             | at most half a last digit       |
/// | `variance`                | the list's             | at most half a last digit       |
/// | `stdDev`                  | the list's             | less than one last digit, below |
/// | `standardize`, `normalize`, `correlation` | 18     | less than 1e-18                 |
///
/// Numbers of 2^108 (3.2e32) and more are refused. A result that does not fit 128 bits is given with fewer decimals, rounded in the same way.
interface ISolidMLPreprocessing is OGPreprocessing {
    /// @notice A list has at least one number.
    error EmptyData();
    /// @notice A list has at most `MAX_NUMBERS` numbers.
    error TooManyNumbers(uint256 got, uint256 max);
    /// @notice A number is `limit` or more in size, without any decimals.
    error NumbersTooLarge(uint256 limit);
    /// @notice Both lists are equally long.
    error LengthMismatch(uint256 lengthX, uint256 lengthY);
    /// @notice All numbers are equal, so that there is nothing to divide by.
    error NoSpread();

    /// @notice Most numbers in a list.
    function MAX_NUMBERS() external view returns (uint256);
}
