// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {ISolidMLPreprocessing} from "./interfaces/ISolidMLPreprocessing.sol";
import {Numbers} from "./libraries/Numbers.sol";
import {Sorting} from "./libraries/Sorting.sol";
import {OGPreprocessing} from "./solidml/OGPreprocessing.sol";
import {TensorLib} from "./solidml/TensorLib.sol";

/// @title SolidML's statistics
/// @notice See `ISolidMLPreprocessing`. A predeploy: it has neither constructor nor storage.
/// @dev Nothing overflows: with n <= 2^12 numbers w, |w| <= 2^108, the sum S is at most 2^120, a
/// deviation d = n w - S at most 2^121, and the sum V of its squares at most 2^254. So variance and
/// all that follows from it stand on the exact V, and round once.
contract SolidMLPreprocessing is ISolidMLPreprocessing {
    /// @dev A list at one scale.
    struct Data {
        int256[] words;
        uint256 decimals;
    }

    /// @inheritdoc ISolidMLPreprocessing
    uint256 public constant MAX_NUMBERS = 4096;
    /// @dev One with 18 decimals.
    uint256 private constant ONE = 1e18;
    uint256 private constant MAX_WORD = 2 ** 108;

    /// @inheritdoc OGPreprocessing
    function min(TensorLib.Number[] calldata data) external pure returns (TensorLib.Number memory) {
        Data memory list = _read(data);
        (int256 smallest,) = _range(list.words);
        return Numbers.fit(smallest, list.decimals);
    }

    /// @inheritdoc OGPreprocessing
    function max(TensorLib.Number[] calldata data) external pure returns (TensorLib.Number memory) {
        Data memory list = _read(data);
        (, int256 largest) = _range(list.words);
        return Numbers.fit(largest, list.decimals);
    }

    /// @inheritdoc OGPreprocessing
    function mean(TensorLib.Number[] calldata data)
        external
        pure
        returns (TensorLib.Number memory)
    {
        Data memory list = _read(data);
        return Numbers.fit(Numbers.divRound(_sum(list.words), list.words.length), list.decimals);
    }

    /// @inheritdoc OGPreprocessing
    function stdDev(TensorLib.Number[] calldata data)
        external
        pure
        returns (TensorLib.Number memory)
    {
        Data memory list = _read(data);
        uint256 n = list.words.length;
        // The root of a floor has the floor of the root.
        uint256 root = Math.sqrt(_squares(_deviations(list.words)) / (n * n * n));
        // At most 2^127.
        // forge-lint: disable-next-line(unsafe-typecast)
        return Numbers.fit(int256(root), list.decimals);
    }

    /// @inheritdoc OGPreprocessing
    function variance(TensorLib.Number[] calldata data)
        external
        pure
        returns (TensorLib.Number memory)
    {
        Data memory list = _read(data);
        uint256 n = list.words.length;
        // Squares have twice the decimals.
        uint256 divisor = n * n * n * 10 ** list.decimals;
        // At most 2^254, and the divisor less than 2^97.
        // forge-lint: disable-next-line(unsafe-typecast)
        int256 squares = int256(_squares(_deviations(list.words)));
        return Numbers.fit(Numbers.divRound(squares, divisor), list.decimals);
    }

    /// @inheritdoc OGPreprocessing
    function median(TensorLib.Number[] calldata data)
        external
        pure
        returns (TensorLib.Number memory)
    {
        Data memory list = _read(data);
        Sorting.sort(list.words);
        uint256 n = list.words.length;
        // The same one twice if the count is odd.
        int256 twice = list.words[(n - 1) / 2] + list.words[n / 2];
        return Numbers.fit(Numbers.divRound(twice, 2), list.decimals);
    }

    /// @inheritdoc OGPreprocessing
    function standardize(TensorLib.Number[] calldata data)
        external
        pure
        returns (TensorLib.Number[] memory scores)
    {
        int256[] memory deviations = _deviations(_read(data).words);
        uint256 n = deviations.length;
        (uint256 root, uint256 shift) = _scaledRoot(_squares(deviations), n);
        scores = new TensorLib.Number[](n);
        for (uint256 i; i < n; ++i) {
            // d / sqrt(V / n), up and down by 2^shift. |d| is at most sqrt(V), and sqrt(V) 2^shift
            // less than 2^128, so the product is less than 2^188.
            // forge-lint: disable-next-line(unsafe-typecast)
            int256 scaled = deviations[i] * int256(ONE << shift);
            scores[i] = Numbers.fit(Numbers.divRound(scaled, root), Numbers.WAD_DECIMALS);
        }
    }

    /// @inheritdoc OGPreprocessing
    function normalize(TensorLib.Number[] calldata data)
        external
        pure
        returns (TensorLib.Number[] memory places)
    {
        int256[] memory words = _read(data).words;
        (int256 smallest, int256 largest) = _range(words);
        if (smallest == largest) revert NoSpread();
        places = new TensorLib.Number[](words.length);
        for (uint256 i; i < words.length; ++i) {
            // Not negative, and at most 2^109.
            // forge-lint: disable-next-item(unsafe-typecast)
            int256 place =
                Numbers.divRound((words[i] - smallest) * int256(ONE), uint256(largest - smallest));
            places[i] = Numbers.fit(place, Numbers.WAD_DECIMALS);
        }
    }

    /// @inheritdoc OGPreprocessing
    function correlation(TensorLib.Number[] calldata dataX, TensorLib.Number[] calldata dataY)
        external
        pure
        returns (TensorLib.Number memory)
    {
        if (dataX.length != dataY.length) revert LengthMismatch(dataX.length, dataY.length);
        int256[] memory x = _deviations(_read(dataX).words);
        int256[] memory y = _deviations(_read(dataY).words);
        (uint256 rootX, uint256 shiftX) = _scaledRoot(_squares(x), 1);
        (uint256 rootY, uint256 shiftY) = _scaledRoot(_squares(y), 1);

        int256 products;
        for (uint256 i; i < x.length; ++i) {
            products += x[i] * y[i];
        }
        // Cauchy and Schwarz: |sum of products| <= sqrt(V of x) sqrt(V of y), and each of these times
        // 2^shift is less than 2^128. So the shift loses nothing, and the quotient is 1 at most but
        // for the roots' rounding, which the comparison takes back.
        uint256 scaled = SignedMath.abs(products) << (shiftX + shiftY);
        uint256 twice = Math.mulDiv(scaled, 2 * ONE, rootX * rootY);
        uint256 size = Math.min((twice + 1) / 2, ONE);
        // At most one with 18 decimals.
        // forge-lint: disable-next-item(unsafe-typecast)
        int256 result = products < 0 ? -int256(size) : int256(size);
        return Numbers.fit(result, Numbers.WAD_DECIMALS);
    }

    /// @dev Check: the list has a length that the arithmetic is made for.
    function _read(TensorLib.Number[] calldata data) private pure returns (Data memory list) {
        if (data.length == 0) revert EmptyData();
        if (data.length > MAX_NUMBERS) revert TooManyNumbers(data.length, MAX_NUMBERS);
        int256[] memory words = new int256[](data.length);
        uint256 largest;
        for (uint256 i; i < words.length; ++i) {
            words[i] = Numbers.toWad(data[i]);
            largest = Math.max(largest, SignedMath.abs(words[i]));
        }
        uint256 divisor = 1;
        list.decimals = Numbers.WAD_DECIMALS;
        while (largest / divisor >= MAX_WORD) {
            if (list.decimals == 0) revert NumbersTooLarge(MAX_WORD);
            divisor *= 10;
            --list.decimals;
        }
        list.words = words;
        if (divisor == 1) return list;
        for (uint256 i; i < words.length; ++i) {
            words[i] = Numbers.divRound(words[i], divisor);
        }
    }

    function _range(int256[] memory words) private pure returns (int256 smallest, int256 largest) {
        (smallest, largest) = (words[0], words[0]);
        for (uint256 i = 1; i < words.length; ++i) {
            (smallest, largest) =
            (SignedMath.min(smallest, words[i]), SignedMath.max(largest, words[i]));
        }
    }

    function _sum(int256[] memory words) private pure returns (int256 sum) {
        for (uint256 i; i < words.length; ++i) {
            sum += words[i];
        }
    }

    /// @dev Distances from the mean, times the count: integers, so they are exact.
    function _deviations(int256[] memory words) private pure returns (int256[] memory deviations) {
        // At most 2^12.
        // forge-lint: disable-next-line(unsafe-typecast)
        int256 n = int256(words.length);
        int256 sum = _sum(words);
        deviations = new int256[](words.length);
        for (uint256 i; i < words.length; ++i) {
            deviations[i] = n * words[i] - sum;
        }
    }

    function _squares(int256[] memory deviations) private pure returns (uint256 sum) {
        for (uint256 i; i < deviations.length; ++i) {
            uint256 size = SignedMath.abs(deviations[i]);
            sum += size * size;
        }
    }

    /// @dev `sqrt(squares / n)` times 2^shift, rounded down, with as many bits as there is room for.
    function _scaledRoot(uint256 squares, uint256 n)
        private
        pure
        returns (uint256 root, uint256 shift)
    {
        if (squares == 0) revert NoSpread();
        shift = (255 - Math.log2(squares)) / 2;
        root = Math.sqrt((squares << (2 * shift)) / n);
    }
}
