// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IChunkStore} from "fixpoint/interfaces/IChunkStore.sol";
import {IInferenceGateway} from "fixpoint/interfaces/IInferenceGateway.sol";
import {IModelRegistry} from "fixpoint/interfaces/IModelRegistry.sol";
import {IModelRevenue} from "fixpoint/interfaces/IModelRevenue.sol";
import {Predeploys} from "fixpoint/libraries/Predeploys.sol";
import {VolatilityInt8} from "./models/VolatilityInt8.sol";

/// @title A forecast that pays for the two models it was made from
/// @notice Sells the next hour's volatility. The model belongs to this contract, and two others are its
/// parents: each call's price is shared among the parents' models, whoever makes the block, and the author.
/// @dev To name parents is a promise that an owner could empty: by a price of nothing, by calls that are
/// paid for elsewhere. This owner cannot. It has no key, and no function that changes a price, retires the
/// model or sells it; so the terms of the constructor hold for as long as the chain does.
///
/// A model belongs to who wrote it, so the contract writes it. Three steps, each by anybody: `write` the
/// bytes; activate the root in a later transaction, as the precompile demands; `open`.
contract SharedForecast {
    IChunkStore private constant STORE = IChunkStore(Predeploys.CHUNK_STORE);
    IModelRegistry private constant REGISTRY = IModelRegistry(Predeploys.MODEL_REGISTRY);
    IInferenceGateway private constant GATEWAY = IInferenceGateway(Predeploys.INFERENCE_GATEWAY);
    /// @dev The chain's currency, where a token is named.
    address private constant NATIVE = address(0);

    /// @notice Returns of as many hours go in, in percent.
    uint256 public constant HOURS = VolatilityInt8.INPUT_LENGTH;

    /// @notice What a forecast costs.
    uint256 public immutable priceWei;
    /// @notice Basis points of it for whoever makes the block.
    uint16 public immutable validatorBps;
    /// @notice Who gets what the others leave.
    address payable public immutable author;
    /// @notice The models that this one was made from, and their basis points of the price.
    uint256 public immutable firstParent;
    uint16 public immutable firstBps;
    uint256 public immutable secondParent;
    uint16 public immutable secondBps;

    /// @notice The model's root contract; zero until it has been written.
    address public root;
    /// @notice The model's id in the registry; zero until the sale is open.
    uint256 public modelId;

    /// @notice The model has been written, and waits to be activated.
    event Written(address root);
    /// @notice Forecasts are sold from now on.
    event Opened(uint256 indexed modelId);
    /// @notice Somebody has bought a forecast: percent, 18 decimals.
    event Forecast(address indexed buyer, int256 percent);

    /// @notice These are not the bytes of `VolatilityInt8`.
    error WrongBytes(bytes32 got, bytes32 want);
    /// @notice A step is taken once.
    error AlreadyDone();
    /// @notice The sale is not open yet.
    error NotOpen();
    /// @notice As many returns as `HOURS`.
    error ReturnCount(uint256 got, uint256 want);

    /// @param first A registered model and its basis points.
    /// @param second Another.
    /// @param priceWei_ What a forecast costs.
    /// @param validatorBps_ Basis points for whoever makes the block.
    /// @param author_ Who gets what the others leave.
    constructor(
        IModelRevenue.Share memory first,
        IModelRevenue.Share memory second,
        uint256 priceWei_,
        uint16 validatorBps_,
        address payable author_
    ) {
        (firstParent, firstBps) = (first.modelId, first.bps);
        (secondParent, secondBps) = (second.modelId, second.bps);
        (priceWei, validatorBps, author) = (priceWei_, validatorBps_, author_);
    }

    /// @notice Writes the model into the chain's state. Its bytes are known, so whoever has them may.
    /// @param payload The compiled model: it fits one chunk.
    function write(bytes calldata payload) external returns (address) {
        // Check
        if (root != address(0)) revert AlreadyDone();
        bytes32 contentHash = keccak256(payload);
        if (contentHash != VolatilityInt8.CONTENT_HASH) {
            revert WrongBytes(contentHash, VolatilityInt8.CONTENT_HASH);
        }
        // Effect: by way of the store, which calls nobody.
        address gate = Predeploys.INFERENCE_GATEWAY;
        address[] memory chunks = new address[](1);
        chunks[0] = STORE.writeChunk(gate, payload);
        // A chunk's length fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        root = STORE.writeRoot(gate, uint32(payload.length), contentHash, chunks);
        emit Written(root);
        return root;
    }

    /// @notice Registers the activated model with its parents; from then on it is sold.
    function open() external returns (uint256) {
        // Check: activated, as the library knows it; the parents exist, and leave the author something.
        if (modelId != 0) revert AlreadyDone();
        VolatilityInt8.check(root);
        IModelRegistry.Listing memory listing;
        listing.name = "shared-forecast";
        listing.price = priceWei;
        listing.validatorBps = validatorBps;
        listing.parents = new IModelRevenue.Share[](2);
        listing.parents[0] = IModelRevenue.Share(firstParent, firstBps);
        listing.parents[1] = IModelRevenue.Share(secondParent, secondBps);
        // Effect: by way of the registry, which calls nobody.
        modelId = REGISTRY.registerListing(root, listing);
        emit Opened(modelId);
        return modelId;
    }

    /// @notice Sells a forecast. Send `priceWei`.
    /// @param returns_ The last hours' returns in percent with 18 decimals, the oldest first. What the model
    /// has never seen the like of counts as the most it has.
    /// @return percent The volatility to expect in the next hour, 18 decimals.
    function forecast(int256[] calldata returns_) external payable returns (int256 percent) {
        // Check
        if (modelId == 0) revert NotOpen();
        if (returns_.length != HOURS) revert ReturnCount(returns_.length, HOURS);
        int256[] memory input = new int256[](HOURS);
        for (uint256 i; i < HOURS; ++i) {
            input[i] = _held(returns_[i]);
        }
        // Interaction: the gateway takes exactly the price, or nothing happens. It pays nobody yet.
        percent = GATEWAY.inference{value: msg.value}(modelId, input)[VolatilityInt8.OUTPUT_VOLATILITY];
        emit Forecast(msg.sender, percent);
    }

    /// @notice Pays out: the parents' pots to their owners' and contributors' credits, the rest to the author.
    /// @return authorWei What the author was sent.
    function payOut() external returns (uint256 authorWei) {
        GATEWAY.releasePot(firstParent, NATIVE);
        GATEWAY.releasePot(secondParent, NATIVE);
        return GATEWAY.withdrawTo(author);
    }

    /// @dev Within the range that the model takes.
    function _held(int256 percent) private pure returns (int256) {
        if (percent < VolatilityInt8.INPUT_RETURNS_MIN) return VolatilityInt8.INPUT_RETURNS_MIN;
        if (percent > VolatilityInt8.INPUT_RETURNS_MAX) return VolatilityInt8.INPUT_RETURNS_MAX;
        return percent;
    }
}
