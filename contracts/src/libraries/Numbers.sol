// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {TensorLib} from "../solidml/TensorLib.sol";

/// @title SolidML's numbers as integers
/// @notice Converts between `value / 10^decimals` and integers at one scale. Rounding is to the
/// nearest, a half towards plus infinity, as in the precompile.
library Numbers {
    /// @notice Decimals of a WAD.
    uint256 internal constant WAD_DECIMALS = 18;
    /// @dev `int128` times 10^38 is less than 2^254.
    int256 private constant MIN_DECIMALS = -20;
    /// @dev An `int128` divided by 10^39 is less than a half in size.
    int256 private constant MAX_DIGITS = 38;

    /// @notice The number has more than 20 zeros before the point.
    error NumberTooLarge(int128 value, int128 decimals);
    /// @notice The number has a fraction where an integer is wanted.
    error NotAnInteger(int128 value, int128 decimals);

    /// @notice The number with 18 decimals: exact, unless it has more than 18.
    function toWad(TensorLib.Number memory number) internal pure returns (int256 wad) {
        int256 shift = int256(WAD_DECIMALS) - number.decimals;
        if (number.value == 0 || shift < -MAX_DIGITS) return 0;
        if (number.decimals < MIN_DECIMALS) revert NumberTooLarge(number.value, number.decimals);
        // Between -38 and 38: neither power nor product overflows.
        // forge-lint: disable-next-item(unsafe-typecast)
        if (shift >= 0) return number.value * int256(10 ** uint256(shift));
        // forge-lint: disable-next-line(unsafe-typecast)
        return divRound(number.value, 10 ** uint256(-shift));
    }

    /// @notice The number, if it is an integer.
    function toInteger(TensorLib.Number memory number) internal pure returns (int256 integer) {
        (int256 value, int256 decimals) = (number.value, number.decimals);
        if (value == 0) return 0;
        if (decimals < MIN_DECIMALS) revert NumberTooLarge(number.value, number.decimals);
        // forge-lint: disable-next-item(unsafe-typecast)
        if (decimals <= 0) return value * int256(10 ** uint256(-decimals));
        // forge-lint: disable-next-line(unsafe-typecast)
        int256 divisor = decimals > MAX_DIGITS ? int256(0) : int256(10 ** uint256(decimals));
        if (divisor == 0 || value % divisor != 0) {
            revert NotAnInteger(number.value, number.decimals);
        }
        return value / divisor;
    }

    /// @notice `value / 10^decimals` as a number: with these decimals, or as many fewer, down to less
    /// than none, as make it fit.
    function fit(int256 value, uint256 decimals)
        internal
        pure
        returns (TensorLib.Number memory number)
    {
        (int256 fitting, int256 places) = (value, int256(decimals));
        uint256 divisor = 1;
        // At most 39 times: 2^255 is less than 10^39 times 2^127.
        while (fitting != int128(fitting)) {
            divisor *= 10;
            --places;
            // From the value itself: rounding twice is not rounding once.
            fitting = divRound(value, divisor);
        }
        // Checked above; places are few.
        // forge-lint: disable-next-line(unsafe-typecast)
        return TensorLib.Number(int128(fitting), int128(places));
    }

    /// @notice The nearest integer to `value / divisor`, of two the larger.
    /// @param divisor Greater than 0 and at most 2^254.
    function divRound(int256 value, uint256 divisor) internal pure returns (int256 quotient) {
        unchecked {
            // The divisor is not 0 and fits; quotients are not larger than the value.
            // forge-lint: disable-next-item(unsafe-typecast)
            int256 signed = int256(divisor);
            quotient = value / signed;
            int256 rest = value % signed;
            // Towards minus infinity, so that the rest is not negative; then up from a half.
            if (rest < 0) (quotient, rest) = (quotient - 1, rest + signed);
            if (rest >= signed - rest) ++quotient;
        }
    }
}
