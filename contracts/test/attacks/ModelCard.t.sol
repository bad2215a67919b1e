// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {IModelNames} from "../../src/interfaces/IModelNames.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {Harness} from "../Harness.sol";

/// @title Attempts to have a token's card say or do something else, through names and tags
/// @dev `scripts/examples.py` reads such a card with another parser of JSON, and one of XML.
contract ModelCardAttacksTest is Harness {
    uint256 private constant JSON_HEAD = 29; // data:application/json;base64,
    uint256 private constant SVG_HEAD = 26; // data:image/svg+xml;base64,
    /// @dev What the card itself has: svg, rect, the five texts of a model that is not retired, and their ends.
    uint256 private constant ANGLES = 1 + 1 + 5 + 5 + 1;

    function setUp() public {
        placePredeploys();
    }

    /// @dev Whatever can be a name and a tag: the JSON says just that, with nothing beside it, and the
    /// picture has the elements that it always has.
    /// Fewer runs: each reads a picture character by character.
    /// forge-config: ci.fuzz.runs = 1000
    function test_fuzz_namesAndTagsStayText(uint256 seed, uint8 length) public {
        IModelRegistry.Listing memory listing;
        listing.name = printable(seed, bound(length, 1, 64));
        listing.tags = new string[](2);
        listing.tags[0] = printable(~seed, bound(length, 1, 32));
        listing.tags[1] = "last";
        checkCard(listing);
    }

    function test_attemptsAtMarkup() public {
        string[8] memory names = [
            "\"}],\"image\":\"javascript:alert(1)\",\"x\":[{\"y\":\"",
            "\\\",\"name\":\"another",
            "\\u0022,\\u0022name\\u0022:\\u0022another",
            "<script>alert(1)<",
            "<img src=x onerror=alert(1)>",
            "]]><!--",
            "&lt;b&gt; &#60;b&#62; &quot;",
            "\" onload=\"alert(1)\" x='"
        ];
        for (uint256 i; i < names.length; ++i) {
            IModelRegistry.Listing memory listing;
            listing.name = names[i];
            listing.tags = new string[](2);
            (listing.tags[0], listing.tags[1]) = ("{\"a\":\"\\\"}],", "last");
            checkCard(listing);
        }
    }

    /// @dev What ends a line, turns writing around or is no ASCII, in any place of a name.
    function test_fuzz_nothingElseIsAName(uint8 character, uint8 place) public {
        vm.assume(character < 0x20 || character > 0x7e);
        bytes memory name = "a model's name";
        place = uint8(place % name.length);
        name[place] = bytes1(character);
        address root = deployModel(ALICE, address(0), "model");
        vm.expectRevert(abi.encodeWithSelector(IModelNames.NameCharacter.selector, place));
        vm.prank(ALICE);
        REGISTRY.register(root, string(name), 0);
    }

    function checkCard(IModelRegistry.Listing memory listing) private {
        uint256 modelId = listModel(ALICE, bytes(listing.name), listing);
        string memory json = behind(REGISTRY.tokenURI(modelId), JSON_HEAD);
        vm.assertEq(vm.parseJsonString(json, ".name"), listing.name);
        vm.assertEq(vm.parseJsonString(json, ".attributes[0].trait_type"), "root");
        vm.assertEq(vm.parseJsonString(json, ".attributes[6].trait_type"), "tag");
        vm.assertEq(vm.parseJsonString(json, ".attributes[6].value"), listing.tags[0]);
        vm.assertEq(vm.parseJsonString(json, ".attributes[7].value"), "last");
        bytes memory svg = bytes(behind(vm.parseJsonString(json, ".image"), SVG_HEAD));
        vm.assertEq(count(svg, "<"), ANGLES);
        vm.assertEq(count(svg, ">"), ANGLES);
        checkReferences(svg);
    }

    /// @dev Each & begins one of three references, so none is a name's own.
    function checkReferences(bytes memory svg) private pure {
        for (uint256 i; i < svg.length; ++i) {
            if (svg[i] != "&") continue;
            bytes1 next = svg[i + 1];
            if (next == "a") vm.assertEq(bytes1(svg[i + 4]), bytes1(";"));
            else vm.assertTrue((next == "l" || next == "g") && svg[i + 3] == ";", string(svg));
        }
    }

    function count(bytes memory text, bytes1 character) private pure returns (uint256 found) {
        for (uint256 i; i < text.length; ++i) {
            if (text[i] == character) ++found;
        }
    }

    function printable(uint256 seed, uint256 length) private pure returns (string memory) {
        bytes memory text = new bytes(length);
        bytes memory likely = "\"\\<>&'{}[]:,;#u0";
        for (uint256 i; i < length; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            // No space at either end, no / or @, no 0x in front.
            bytes1 character = bytes1(uint8(0x21 + random % 94));
            if (random >> 128 & 1 != 0) character = likely[(random >> 64) % likely.length];
            text[i] =
                character == "/" || character == "@" || character == "x" ? bytes1(".") : character;
        }
        return string(text);
    }

    function behind(string memory uri, uint256 skipped) private pure returns (string memory) {
        bytes memory got = bytes(uri);
        bytes memory body = new bytes(got.length - skipped);
        for (uint256 i; i < body.length; ++i) {
            body[i] = got[skipped + i];
        }
        return string(Base64.decode(string(body)));
    }
}
