// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title A dense layer of 16 outputs in 8 bits, written in the EVM's own instructions
/// @notice What the precompile spares. Every function computes the same: for each output
/// `clamp(((bias + sum((x - inputZero) * weight)) * multiplier + 2^(shift - 1) >> shift) + outputZero)`.
/// Operands lie in memory before the gas is measured, in whichever form is the best for the function.
library DenseLayer {
    uint256 internal constant OUTPUTS = 16;

    struct Scale {
        int256 inputZero;
        int256 multiplier;
        uint256 shiftBits;
        int256 outputZero;
    }

    /// @dev Sixteen words: a field is found without a check, an element of an array is not.
    struct Sixteen {
        int256 a;
        int256 b;
        int256 c;
        int256 d;
        int256 e;
        int256 f;
        int256 g;
        int256 h;
        int256 i;
        int256 j;
        int256 k;
        int256 l;
        int256 m;
        int256 n;
        int256 o;
        int256 p;
    }

    /// @notice As anyone would write it first: checked arithmetic, one loop in another.
    /// @param weights One array for each output.
    function plain(
        int8[] memory x,
        int8[][] memory weights,
        int32[] memory bias,
        Scale memory scale
    ) internal pure returns (int8[] memory outputs) {
        outputs = new int8[](OUTPUTS);
        for (uint256 n = 0; n < OUTPUTS; n++) {
            int256 sum = bias[n];
            for (uint256 k = 0; k < x.length; k++) {
                sum += (int256(x[k]) - scale.inputZero) * int256(weights[n][k]);
            }
            sum = (sum * scale.multiplier + int256(1 << (scale.shiftBits - 1))) >> scale.shiftBits;
            outputs[n] = clamp(sum + scale.outputZero);
        }
    }

    /// @notice Without assembly, and without what can be avoided: nothing is checked, a word for each
    /// element, 16 products a turn.
    /// @param blocks The input without its zero point, 16 elements a block.
    /// @param rows 16 weights a row, as many rows for each output as there are blocks.
    function optimised(
        Sixteen[] memory blocks,
        Sixteen[] memory rows,
        int256[16] memory bias,
        Scale memory scale
    ) internal pure returns (int8[] memory outputs) {
        unchecked {
            outputs = new int8[](OUTPUTS);
            (int256 multiplier, uint256 shiftBits) = (scale.multiplier, scale.shiftBits);
            (int256 half, int256 zero) = (int256(1 << (shiftBits - 1)), scale.outputZero);
            uint256 next;
            for (uint256 n; n != OUTPUTS; ++n) {
                int256 sum = bias[n];
                for (uint256 block_; block_ != blocks.length; ++block_) {
                    Sixteen memory x = blocks[block_];
                    Sixteen memory row = rows[next++];
                    sum += x.a * row.a;
                    sum += x.b * row.b;
                    sum += x.c * row.c;
                    sum += x.d * row.d;
                    sum += x.e * row.e;
                    sum += x.f * row.f;
                    sum += x.g * row.g;
                    sum += x.h * row.h;
                    sum += x.i * row.i;
                    sum += x.j * row.j;
                    sum += x.k * row.k;
                    sum += x.l * row.l;
                    sum += x.m * row.m;
                    sum += x.n * row.n;
                    sum += x.o * row.o;
                    sum += x.p * row.p;
                }
                outputs[n] = clamp(((sum * multiplier + half) >> shiftBits) + zero);
            }
        }
    }

    /// @notice In Yul, eight lanes of 32 bits a word: one MUL does eight products. Elements and weights
    /// are 128 more than they are, so that no lane is negative; a lane holds 2^16 products.
    /// @param x The input, one byte an element; a multiple of 16.
    /// @param weights For each element two words of eight lanes, the first output in the lowest.
    /// @param bias One word an output, less `(128 + inputZero) * sum(weights)`.
    /// @return outputs One byte an output.
    function lanes(
        bytes memory x,
        uint256[] memory weights,
        int256[16] memory bias,
        Scale memory scale
    ) internal pure returns (bytes memory outputs) {
        outputs = new bytes(OUTPUTS);
        assembly ("memory-safe") {
            let low := 0
            let high := 0
            let total := 0
            {
                let weight := add(weights, 32)
                let input := add(x, 32)
                for { let end := add(input, mload(x)) } lt(input, end) { input := add(input, 16) } {
                    let word := mload(input)
                    low := add(
                        low,
                        add(
                            add(
                                mul(byte(0, word), mload(weight)),
                                mul(byte(1, word), mload(add(weight, 64)))
                            ),
                            add(
                                mul(byte(2, word), mload(add(weight, 128))),
                                mul(byte(3, word), mload(add(weight, 192)))
                            )
                        )
                    )
                    high := add(
                        high,
                        add(
                            add(
                                mul(byte(0, word), mload(add(weight, 32))),
                                mul(byte(1, word), mload(add(weight, 96)))
                            ),
                            add(
                                mul(byte(2, word), mload(add(weight, 160))),
                                mul(byte(3, word), mload(add(weight, 224)))
                            )
                        )
                    )
                    low := add(
                        low,
                        add(
                            add(
                                mul(byte(4, word), mload(add(weight, 256))),
                                mul(byte(5, word), mload(add(weight, 320)))
                            ),
                            add(
                                mul(byte(6, word), mload(add(weight, 384))),
                                mul(byte(7, word), mload(add(weight, 448)))
                            )
                        )
                    )
                    high := add(
                        high,
                        add(
                            add(
                                mul(byte(4, word), mload(add(weight, 288))),
                                mul(byte(5, word), mload(add(weight, 352)))
                            ),
                            add(
                                mul(byte(6, word), mload(add(weight, 416))),
                                mul(byte(7, word), mload(add(weight, 480)))
                            )
                        )
                    )
                    low := add(
                        low,
                        add(
                            add(
                                mul(byte(8, word), mload(add(weight, 512))),
                                mul(byte(9, word), mload(add(weight, 576)))
                            ),
                            add(
                                mul(byte(10, word), mload(add(weight, 640))),
                                mul(byte(11, word), mload(add(weight, 704)))
                            )
                        )
                    )
                    high := add(
                        high,
                        add(
                            add(
                                mul(byte(8, word), mload(add(weight, 544))),
                                mul(byte(9, word), mload(add(weight, 608)))
                            ),
                            add(
                                mul(byte(10, word), mload(add(weight, 672))),
                                mul(byte(11, word), mload(add(weight, 736)))
                            )
                        )
                    )
                    low := add(
                        low,
                        add(
                            add(
                                mul(byte(12, word), mload(add(weight, 768))),
                                mul(byte(13, word), mload(add(weight, 832)))
                            ),
                            add(
                                mul(byte(14, word), mload(add(weight, 896))),
                                mul(byte(15, word), mload(add(weight, 960)))
                            )
                        )
                    )
                    high := add(
                        high,
                        add(
                            add(
                                mul(byte(12, word), mload(add(weight, 800))),
                                mul(byte(13, word), mload(add(weight, 864)))
                            ),
                            add(
                                mul(byte(14, word), mload(add(weight, 928))),
                                mul(byte(15, word), mload(add(weight, 992)))
                            )
                        )
                    )
                    weight := add(weight, 1024)
                    // Sixteen bytes added up: pairs, then all pairs at once by a product.
                    word := shr(128, word)
                    word := add(
                        and(word, 0x00ff00ff00ff00ff00ff00ff00ff00ff),
                        and(shr(8, word), 0x00ff00ff00ff00ff00ff00ff00ff00ff)
                    )
                    word := mul(word, 0x00010001000100010001000100010001)
                    total := add(total, and(shr(112, word), 0xffff))
                }
            }
            total := shl(7, total)
            let multiplier := mload(add(scale, 32))
            let shiftBits := mload(add(scale, 64))
            let half := shl(sub(shiftBits, 1), 1)
            // The output zero point and 128, so that 0 to 255 are what is left.
            let zero := add(mload(add(scale, 96)), 128)
            for { let n := 0 } lt(n, 16) { n := add(n, 1) } {
                let sum := sub(add(and(low, 0xffffffff), mload(add(bias, shl(5, n)))), total)
                sum := add(sar(shiftBits, add(mul(sum, multiplier), half)), zero)
                sum := mul(sgt(sum, 0), sum)
                if gt(sum, 255) { sum := 255 }
                mstore8(add(add(outputs, 32), n), xor(sum, 128))
                low := shr(32, low)
                if eq(n, 7) { low := high }
            }
        }
    }

    function clamp(int256 value) private pure returns (int8) {
        if (value < -128) return -128;
        if (value > 127) return 127;
        return int8(value);
    }
}
