// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IModelCard} from "./interfaces/IModelCard.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {Predeploys} from "./libraries/Predeploys.sol";

/// @title Model card
/// @notice See `IModelCard`. A predeploy of its own, because the registry has no room for it.
/// @dev Names and tags are printable ASCII (`IModelNames`), so escaping quotes and markup is all that
/// they need.
contract ModelCard is IModelCard {
    IModelRegistry private constant REGISTRY = IModelRegistry(Predeploys.MODEL_REGISTRY);

    /// @dev What the card says.
    struct Card {
        uint256 modelId;
        string name;
        string[] tags;
        address root;
        uint32 version;
        uint256 ancestorCount;
        address token;
        uint256 price;
        string access;
        bool retired;
    }

    /// @inheritdoc IModelCard
    function uriOf(uint256 modelId) external view returns (string memory) {
        string[3] memory accessNames = ["open", "listed", "private"];
        (address token, uint256 price) = REGISTRY.priceOf(modelId);
        Card memory card = Card({
            modelId: modelId,
            name: REGISTRY.nameOf(modelId),
            tags: REGISTRY.tagsOf(modelId),
            root: REGISTRY.rootOf(modelId, 0),
            version: REGISTRY.latestVersion(modelId),
            ancestorCount: REGISTRY.ancestorsOf(modelId).length,
            token: token,
            price: price,
            access: accessNames[uint256(REGISTRY.accessOf(modelId))],
            retired: REGISTRY.isRetired(modelId)
        });
        bytes memory json = bytes.concat(
            '{"name":"',
            bytes(Strings.escapeJSON(card.name)),
            '","description":"A model that runs inside the chain\'s own execution.","image":"data:image/svg+xml;base64,',
            bytes(Base64.encode(_svg(card))),
            '","attributes":[',
            _attributes(card),
            "]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }

    function _attributes(Card memory card) private pure returns (bytes memory list) {
        list = bytes.concat(
            '{"trait_type":"root","value":"',
            bytes(Strings.toChecksumHexString(card.root)),
            '"},{"trait_type":"version","value":',
            bytes(Strings.toString(card.version)),
            '},{"trait_type":"price","value":"',
            _price(card),
            '"},{"trait_type":"access","value":"',
            bytes(card.access)
        );
        list = bytes.concat(
            list,
            '"},{"trait_type":"retired","value":"',
            card.retired ? bytes("yes") : bytes("no"),
            '"},{"trait_type":"paid ancestors","value":',
            bytes(Strings.toString(card.ancestorCount)),
            "}"
        );
        for (uint256 i; i < card.tags.length; ++i) {
            list = bytes.concat(
                list,
                ',{"trait_type":"tag","value":"',
                bytes(Strings.escapeJSON(card.tags[i])),
                '"}'
            );
        }
    }

    function _svg(Card memory card) private pure returns (bytes memory) {
        bytes memory hue = bytes(Strings.toString(card.modelId % 360));
        return bytes.concat(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 240" font-family="monospace" fill="#fff"><rect width="400" height="240" rx="16" fill="hsl(',
            hue,
            ',45%,28%)"/>',
            _text("48", "20", _escapeMarkup(card.name)),
            _text("92", "12", bytes.concat("version ", bytes(Strings.toString(card.version)))),
            _text("116", "12", bytes.concat("price ", _price(card))),
            _text("140", "12", bytes.concat("access ", bytes(card.access))),
            card.retired ? _text("164", "12", "retired") : bytes(""),
            _text("212", "9", bytes(Strings.toHexString(card.modelId, 32))),
            "</svg>"
        );
    }

    /// @dev A line; `textLength` is not set, so a long name runs past the edge, where it is cut off.
    function _text(bytes memory y, bytes memory size, bytes memory text)
        private
        pure
        returns (bytes memory)
    {
        return bytes.concat('<text x="20" y="', y, '" font-size="', size, '">', text, "</text>");
    }

    function _price(Card memory card) private pure returns (bytes memory) {
        if (card.price == 0) return "free";
        bytes memory amount = bytes(Strings.toString(card.price));
        if (card.token == address(0)) return bytes.concat(amount, " wei");
        return bytes.concat(amount, " of ", bytes(Strings.toChecksumHexString(card.token)));
    }

    function _escapeMarkup(string memory text) private pure returns (bytes memory escaped) {
        bytes memory source = bytes(text);
        for (uint256 i; i < source.length; ++i) {
            bytes1 character = source[i];
            if (character == "<") escaped = bytes.concat(escaped, "&lt;");
            else if (character == ">") escaped = bytes.concat(escaped, "&gt;");
            else if (character == "&") escaped = bytes.concat(escaped, "&amp;");
            else escaped = bytes.concat(escaped, character);
        }
    }
}
