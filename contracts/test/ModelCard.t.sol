// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {IModelTerms} from "../src/interfaces/IModelTerms.sol";
import {Harness} from "./Harness.sol";

contract ModelCardTest is Harness {
    function setUp() public {
        placePredeploys();
    }

    function test_theCardSaysWhatTheRegistryKnows() public {
        IModelRegistry.Listing memory listing;
        listing.name = "a \"b\" <c> & d\\e";
        listing.tags = new string[](2);
        (listing.tags[0], listing.tags[1]) = ("vision", "say \"hi\"");
        (listing.price, listing.access) = (12_345, IModelTerms.Access.Listed);
        uint256 modelId = listModel(ALICE, "model", listing);
        vm.prank(ALICE);
        REGISTRY.retire(modelId);

        string memory json = decoded(REGISTRY.tokenURI(modelId), "data:application/json;base64,");
        vm.assertEq(vm.parseJsonString(json, ".name"), listing.name);
        vm.assertEq(trait(json, "root"), vm.toString(REGISTRY.rootOf(modelId, 0)));
        vm.assertEq(trait(json, "version"), "1");
        vm.assertEq(trait(json, "price"), "12345 wei");
        vm.assertEq(trait(json, "access"), "listed");
        vm.assertEq(trait(json, "retired"), "yes");
        vm.assertEq(vm.parseJsonString(json, ".attributes[6].value"), "vision");
        vm.assertEq(vm.parseJsonString(json, ".attributes[7].value"), "say \"hi\"");

        string memory svg =
            decoded(vm.parseJsonString(json, ".image"), "data:image/svg+xml;base64,");
        vm.assertTrue(contains(svg, ">a \"b\" &lt;c&gt; &amp; d\\e</text>"), svg);
        vm.assertTrue(contains(svg, ">price 12345 wei</text>"), svg);
        vm.assertTrue(contains(svg, ">retired</text>"), svg);
    }

    function test_aFreeModelAndOnePricedInAToken() public {
        uint256 modelId = listModel(ALICE, 0);
        vm.assertEq(trait(jsonOf(modelId), "price"), "free");
        address token = address(0x70CE);
        vm.etch(token, hex"00");
        vm.prank(ALICE);
        REGISTRY.setTokenPrice(modelId, token, 5);
        vm.assertEq(trait(jsonOf(modelId), "price"), string.concat("5 of ", vm.toString(token)));
    }

    function jsonOf(uint256 modelId) private view returns (string memory) {
        return decoded(REGISTRY.tokenURI(modelId), "data:application/json;base64,");
    }

    /// @dev Attributes have a fixed order, which this finds again by name.
    function trait(string memory json, string memory name) private pure returns (string memory) {
        string[6] memory keys = [
            ".attributes[0]",
            ".attributes[1]",
            ".attributes[2]",
            ".attributes[3]",
            ".attributes[4]",
            ".attributes[5]"
        ];
        for (uint256 i; i < keys.length; ++i) {
            string memory got = vm.parseJsonString(json, string.concat(keys[i], ".trait_type"));
            if (keccak256(bytes(got)) == keccak256(bytes(name))) {
                return vm.parseJsonString(json, string.concat(keys[i], ".value"));
            }
        }
        return "";
    }

    function decoded(string memory uri, string memory prefix) private pure returns (string memory) {
        bytes memory got = bytes(uri);
        uint256 skipped = bytes(prefix).length;
        bytes memory head = new bytes(skipped);
        bytes memory body = new bytes(got.length - skipped);
        for (uint256 i; i < got.length; ++i) {
            if (i < skipped) head[i] = got[i];
            else body[i - skipped] = got[i];
        }
        vm.assertEq(string(head), prefix);
        return string(Base64.decode(string(body)));
    }

    function contains(string memory text, string memory part) private pure returns (bool) {
        (bytes memory a, bytes memory b) = (bytes(text), bytes(part));
        for (uint256 i; i + b.length <= a.length; ++i) {
            uint256 j;
            while (j < b.length && a[i + j] == b[j]) ++j;
            if (j == b.length) return true;
        }
        return false;
    }
}
