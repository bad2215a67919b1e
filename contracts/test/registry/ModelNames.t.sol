// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IModelNames} from "../../src/interfaces/IModelNames.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {Harness} from "../Harness.sol";

contract ModelNamesTest is Harness {
    uint256 private alices;
    uint256 private bobs;

    function setUp() public {
        placePredeploys();
        alices = listModel(ALICE, 1);
        bobs = listModel(BOB, 1);
    }

    function test_theFirstHolderOfANameKeepsItForEver() public {
        checkLeads("model", alices, 0);
        rename(BOB, bobs, "other");
        rename(ALICE, alices, "renamed");
        rename(BOB, bobs, "model");
        checkLeads("model", alices, 0);
        checkLeads("renamed", alices, 0);
        checkLeads("other", bobs, 0);
        vm.assertEq(REGISTRY.nameOf(bobs), "model");
    }

    function test_bindingsAreTold() public {
        vm.expectEmit(address(REGISTRY));
        emit IModelNames.NameSet(alices, "fresh");
        vm.expectEmit(address(REGISTRY));
        emit IModelNames.NameBound(alices, "fresh");
        vm.expectEmit(address(REGISTRY));
        emit IModelNames.QualifiedNameBound(alices, ALICE, "fresh");
        rename(ALICE, alices, "fresh");
        vm.expectEmit(address(REGISTRY));
        emit IModelNames.QualifiedNameBound(bobs, BOB, "fresh");
        rename(BOB, bobs, "fresh");
    }

    function test_aQualifiedNameIsOutOfReachOfOthers() public {
        checkLeads(qualified(ALICE, "model"), alices, 0);
        checkLeads(qualified(BOB, "model"), bobs, 0);
        // Also after its model has been sold, and for what the buyer does with it.
        vm.prank(ALICE);
        REGISTRY.transferFrom(ALICE, CAROL, alices);
        rename(CAROL, alices, "carols");
        checkLeads(qualified(ALICE, "model"), alices, 0);
        checkLeads(qualified(CAROL, "carols"), alices, 0);
        checkLeadsNowhere(qualified(CAROL, "model"));
    }

    function test_anIdLeadsToItsModel() public view {
        checkLeads(Strings.toHexString(alices, 32), alices, 0);
        checkLeadsNowhere(Strings.toHexString(alices ^ 1, 32));
    }

    function test_versionsArePinned() public {
        checkLeads("model@1", alices, 1);
        checkLeads(string.concat(Strings.toHexString(alices, 32), "@1"), alices, 1);
        checkLeads(string.concat(qualified(BOB, "model"), "@1"), bobs, 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownVersion.selector, alices, 2));
        REGISTRY.resolve("model@2");
    }

    function test_whatIsNoStringIdLeadsNowhere() public view {
        string[13] memory ids = [
            "",
            "nothing",
            "model@",
            "model@0",
            "model@01",
            "model@4294967296",
            "model@99999999999",
            "model@1@1",
            "@1",
            "model@x",
            "0x",
            "0x1234",
            "0x0000000000000000000000000000000000000000/model"
        ];
        for (uint256 i; i < ids.length; ++i) {
            checkLeadsNowhere(ids[i]);
        }
        checkLeadsNowhere(string.concat(qualified(ALICE, "model"), "/model"));
        checkLeadsNowhere(string.concat(Strings.toHexString(alices, 32), "0"));
    }

    function test_aQualifiedNameAsLongAsAnIdIsAName() public {
        string memory name = "a-name-of-23-characters";
        rename(ALICE, alices, name);
        string memory id = qualified(ALICE, name);
        vm.assertEq(bytes(id).length, 66);
        checkLeads(id, alices, 0);
    }

    /// @dev A name as the rules have it, whatever its bytes: it is either refused or found.
    function test_fuzz_everyNameIsRefusedOrLeadsToItsModel(string calldata name) public {
        vm.prank(ALICE);
        try REGISTRY.setName(alices, name) {
            checkLeads(name, alices, 0);
            checkLeads(qualified(ALICE, name), alices, 0);
            checkLeads(string.concat(name, "@1"), alices, 1);
        } catch {
            vm.assertEq(REGISTRY.nameOf(alices), "model");
        }
    }

    function test_fuzz_printableNamesAreTaken(uint256 seed, uint8 length) public {
        bytes memory name = new bytes(bound(length, 1, 64));
        for (uint256 i; i < name.length; ++i) {
            // The printable characters but space, slash and at sign.
            uint8 character = uint8(0x21 + uint256(keccak256(abi.encode(seed, i))) % 94);
            name[i] = character == 0x2f || character == 0x40 ? bytes1("-") : bytes1(character);
        }
        vm.assume(name.length < 2 || name[0] != "0" || name[1] != "x");
        vm.assume(keccak256(name) != keccak256("model"));
        rename(BOB, bobs, string(name));
        checkLeads(string(name), bobs, 0);
    }

    function test_forbiddenCharactersAreNamed() public {
        checkCharacter("a/b", 1);
        checkCharacter("a@1", 1);
        checkCharacter("0xff", 1);
        checkCharacter(" a", 0);
        checkCharacter("a ", 1);
        checkCharacter("line\n", 4);
        checkCharacter(unicode"mödel", 1);
        checkCharacter("del\x7f", 3);
        rename(ALICE, alices, "a b\"c<d>&'\\0x");
    }

    function test_nameLengthBounds() public {
        bytes memory longest = bytes(Strings.toHexString(alices, 32));
        (longest[1], longest[2]) = ("-", "-");
        bytes memory name = new bytes(64);
        for (uint256 i; i < 64; ++i) {
            name[i] = longest[i + 2];
        }
        rename(ALICE, alices, string(name));
        vm.expectRevert(abi.encodeWithSelector(IModelNames.NameLength.selector, 65, 64));
        rename(ALICE, alices, string(bytes.concat(name, "x")));
        vm.expectRevert(abi.encodeWithSelector(IModelNames.NameLength.selector, 0, 64));
        rename(ALICE, alices, "");
    }

    function test_tags() public {
        string[] memory tags = new string[](8);
        for (uint256 i; i < 8; ++i) {
            tags[i] = Strings.toString(i);
        }
        vm.prank(ALICE);
        REGISTRY.setTags(alices, tags);
        vm.assertEq(abi.encode(REGISTRY.tagsOf(alices)), abi.encode(tags));

        string[] memory fewer = new string[](1);
        fewer[0] = "vision";
        vm.expectEmit(address(REGISTRY));
        emit IModelNames.TagsSet(alices, fewer);
        vm.prank(ALICE);
        REGISTRY.setTags(alices, fewer);
        vm.assertEq(abi.encode(REGISTRY.tagsOf(alices)), abi.encode(fewer));

        vm.expectRevert(abi.encodeWithSelector(IModelNames.TagCount.selector, 9, 8));
        vm.prank(ALICE);
        REGISTRY.setTags(alices, new string[](9));
        fewer[0] = "thirty-three characters are a lot";
        vm.expectRevert(abi.encodeWithSelector(IModelNames.NameLength.selector, 33, 32));
        vm.prank(ALICE);
        REGISTRY.setTags(alices, fewer);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, alices, BOB, ALICE)
        );
        vm.prank(BOB);
        REGISTRY.setTags(alices, fewer);
    }

    function rename(address owner, uint256 modelId, string memory name) private {
        vm.prank(owner);
        REGISTRY.setName(modelId, name);
    }

    function qualified(address namespace, string memory name) private pure returns (string memory) {
        return string.concat(Strings.toHexString(namespace), "/", name);
    }

    function checkLeads(string memory id, uint256 want, uint32 wantVersion) private view {
        (uint256 modelId, uint32 version) = REGISTRY.resolve(id);
        vm.assertEq(modelId, want);
        vm.assertEq(version, wantVersion);
    }

    function checkLeadsNowhere(string memory id) private view {
        try REGISTRY.resolve(id) {
            vm.assertTrue(false, id);
        } catch (bytes memory reason) {
            vm.assertEq(reason, abi.encodeWithSelector(IModelNames.UnknownName.selector, id));
        }
    }

    function checkCharacter(string memory name, uint256 index) private {
        vm.expectRevert(abi.encodeWithSelector(IModelNames.NameCharacter.selector, index));
        rename(ALICE, alices, name);
    }
}
