// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title String ids of models
/// @notice The grammar in `IModelNames`: what a string says, without a look at what is registered.
library StringIds {
    using Bytes for bytes;

    /// @notice What a string id says.
    /// @param isValid Whether it is one; the other fields mean nothing if not.
    /// @param isName Whether it is a name in a namespace (zero for bare names); else it is an id.
    /// @param version The version that it pins; 0 for none.
    struct Parsed {
        bool isValid;
        bool isName;
        address namespace;
        string name;
        uint256 modelId;
        uint32 version;
    }

    /// @dev `0x` and 64 digits.
    uint256 private constant ID_LENGTH = 66;
    /// @dev `0x` and 40 digits.
    uint256 private constant ADDRESS_LENGTH = 42;
    /// @dev Digits of the largest version.
    uint256 private constant MAX_VERSION_LENGTH = 10;

    /// @notice Reads a string id.
    function parse(string calldata id) internal pure returns (Parsed memory parsed) {
        bytes calldata text = bytes(id);
        uint256 end = text.length;
        for (uint256 i; i < end; ++i) {
            if (text[i] == "@") end = i;
        }
        if (end != text.length) {
            bool ok;
            (ok, parsed.version) = _version(text[end + 1:]);
            if (!ok) return parsed;
        }
        text = text[:end];
        if (!_isHex(text)) {
            (parsed.isName, parsed.name) = (true, string(text));
            parsed.isValid = text.length != 0;
        } else if (text.length > ADDRESS_LENGTH + 1 && text[ADDRESS_LENGTH] == "/") {
            // Before ids: with a name of 23 characters it is as long as one.
            string memory namespace = string(text[:ADDRESS_LENGTH]);
            (parsed.isValid, parsed.namespace) = Strings.tryParseAddress(namespace);
            // The zero address is the namespace of bare names, which have only one form.
            parsed.isValid = parsed.isValid && parsed.namespace != address(0);
            (parsed.isName, parsed.name) = (true, string(text[ADDRESS_LENGTH + 1:]));
        } else if (text.length == ID_LENGTH) {
            (parsed.isValid, parsed.modelId) = Strings.tryParseHexUint(string(text));
        }
    }

    /// @notice Takes `0xADDRESS/` off the front of a text, in the form that string ids have.
    /// @return prefix The address; zero if there is none, and the text is as it was.
    /// @return rest What follows.
    function splitAddress(string memory text)
        internal
        pure
        returns (address prefix, string memory rest)
    {
        bytes memory data = bytes(text);
        rest = text;
        if (data.length <= ADDRESS_LENGTH || data[ADDRESS_LENGTH] != "/") return (prefix, rest);
        bool ok;
        (ok, prefix) = Strings.tryParseAddress(text, 0, ADDRESS_LENGTH);
        if (ok && prefix != address(0)) rest = string(data.slice(ADDRESS_LENGTH + 1));
    }

    /// @notice Where a name breaks the rules for names; its length if nowhere.
    /// @dev Printable ASCII; no `/` or `@`; no space at either end; not `0x` in front.
    function firstBadCharacter(string calldata name) internal pure returns (uint256 index) {
        bytes calldata text = bytes(name);
        for (; index < text.length; ++index) {
            bytes1 character = text[index];
            if (character < 0x20 || character > 0x7e) return index;
            if (character == "/" || character == "@") return index;
            bool atEnd = index == 0 || index + 1 == text.length;
            if (atEnd && character == " ") return index;
        }
        if (_isHex(text)) return 1;
    }

    function _isHex(bytes calldata text) private pure returns (bool) {
        return text.length > 1 && text[0] == "0" && text[1] == "x";
    }

    /// @dev 1 to 2^32 - 1, decimal, without leading zeros.
    function _version(bytes calldata digits) private pure returns (bool ok, uint32 version) {
        if (digits.length == 0 || digits.length > MAX_VERSION_LENGTH || digits[0] == "0") {
            return (false, 0);
        }
        uint256 value;
        (ok, value) = Strings.tryParseUint(string(digits));
        if (value > type(uint32).max) return (false, 0);
        // Checked above.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (ok, uint32(value));
    }
}
