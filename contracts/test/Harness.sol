// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {CandleRecorder} from "../src/CandleRecorder.sol";
import {ChunkStore} from "../src/ChunkStore.sol";
import {InferenceGateway} from "../src/InferenceGateway.sol";
import {ModelCard} from "../src/ModelCard.sol";
import {ModelRegistry} from "../src/ModelRegistry.sol";
import {SolidMLHistorical} from "../src/SolidMLHistorical.sol";
import {SolidMLInference} from "../src/SolidMLInference.sol";
import {SolidMLPreprocessing} from "../src/SolidMLPreprocessing.sol";
import {TaskScheduler} from "../src/TaskScheduler.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {MockInference} from "./mocks/MockInference.sol";

/// @dev A log as `getRecordedLogs` tells it.
struct Log {
    bytes32[] topics;
    bytes data;
    address emitter;
}

/// @dev What the last call cost as `lastCallGas` tells it.
struct Gas {
    uint64 gasLimit;
    uint64 gasTotalUsed;
    uint64 gasMemoryUsed;
    int64 gasRefunded;
    uint64 gasRemaining;
}

/// @dev The cheatcodes that these tests use.
interface Vm {
    function assertEq(address got, address want) external pure;
    function assertEq(bool got, bool want) external pure;
    function assertEq(bytes calldata got, bytes calldata want) external pure;
    function assertEq(bytes32 got, bytes32 want) external pure;
    function assertEq(int256 got, int256 want) external pure;
    function assertEq(string calldata got, string calldata want) external pure;
    function assertEq(uint256 got, uint256 want) external pure;
    function assertGe(uint256 got, uint256 min) external pure;
    function assertLt(uint256 got, uint256 limit) external pure;
    function assertTrue(bool condition, string calldata message) external pure;
    function addr(uint256 key) external pure returns (address account);
    function assume(bool condition) external pure;
    function chainId(uint256 id) external;
    function coinbase(address account) external;
    function cool(address target) external;
    function deal(address account, uint256 balance) external;
    function deployCode(string calldata artifact, bytes calldata arguments)
        external
        returns (address deployed);
    function envOr(string calldata name, address otherwise) external view returns (address);
    function envOr(string calldata name, string calldata otherwise)
        external
        view
        returns (string memory);
    function etch(address target, bytes calldata code) external;
    function expectEmit(address emitter) external;
    function expectPartialRevert(bytes4 selector) external;
    function expectRevert() external;
    function expectRevert(bytes calldata data) external;
    function expectRevert(bytes4 selector) external;
    function getNonce(address account) external view returns (uint64);
    function getRecordedLogs() external returns (Log[] memory logs);
    function mockCall(address callee, bytes calldata data, bytes calldata returnData) external;
    function lastCallGas() external view returns (Gas memory gas);
    function parseJsonIntArray(string calldata json, string calldata key)
        external
        pure
        returns (int256[] memory);
    function parseJsonUint(string calldata json, string calldata key)
        external
        pure
        returns (uint256);
    function parseJsonString(string calldata json, string calldata key)
        external
        pure
        returns (string memory);
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function readFile(string calldata path) external view returns (string memory);
    function readFileBinary(string calldata path) external view returns (bytes memory);
    function recordLogs() external;
    function roll(uint256 number) external;
    function setBlockhash(uint256 number, bytes32 hash) external;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function toString(address value) external pure returns (string memory);
    function toString(bytes calldata value) external pure returns (string memory);
    function toString(uint256 value) external pure returns (string memory);
    function warp(uint256 timestamp) external;
    function writeFileBinary(string calldata path, bytes calldata data) external;
    function ffi(string[] calldata command) external returns (bytes memory output);
    function skip(bool skipTest, string calldata reason) external;
}

/// @title Base of all tests
/// @notice Places the predeploys as genesis does: runtime code, no constructor, empty storage.
abstract contract Harness {
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    bool public constant IS_TEST = true;

    ChunkStore internal constant STORE = ChunkStore(Predeploys.CHUNK_STORE);
    ModelRegistry internal constant REGISTRY = ModelRegistry(Predeploys.MODEL_REGISTRY);
    InferenceGateway internal constant GATEWAY = InferenceGateway(Predeploys.INFERENCE_GATEWAY);
    MockInference internal constant PRECOMPILE = MockInference(Predeploys.INFERENCE);

    address internal constant ALICE = address(0xA11CE);
    address internal constant BOB = address(0xB0B);
    address internal constant CAROL = address(0xCA201);

    function placePredeploys() internal {
        vm.etch(Predeploys.CHUNK_STORE, type(ChunkStore).runtimeCode);
        vm.etch(Predeploys.MODEL_REGISTRY, type(ModelRegistry).runtimeCode);
        vm.etch(Predeploys.MODEL_CARD, type(ModelCard).runtimeCode);
        vm.etch(Predeploys.INFERENCE_GATEWAY, type(InferenceGateway).runtimeCode);
        vm.etch(Predeploys.INFERENCE, type(MockInference).runtimeCode);
        placeSolidML();
    }

    /// @dev What stands on the others.
    function placeSolidML() internal {
        vm.etch(Predeploys.CANDLE_RECORDER, type(CandleRecorder).runtimeCode);
        vm.etch(Predeploys.TASK_SCHEDULER, type(TaskScheduler).runtimeCode);
        vm.etch(Predeploys.OG_INFERENCE, type(SolidMLInference).runtimeCode);
        vm.etch(Predeploys.OG_HISTORICAL, type(SolidMLHistorical).runtimeCode);
        vm.etch(Predeploys.OG_PREPROCESSING, type(SolidMLPreprocessing).runtimeCode);
    }

    /// @dev Writes and activates a one-chunk model of `writer`.
    function deployModel(address writer, address gate, bytes memory payload)
        internal
        returns (address root)
    {
        address[] memory chunks = new address[](1);
        vm.prank(writer);
        chunks[0] = STORE.writeChunk(gate, payload);
        vm.prank(writer);
        root = STORE.writeRoot(gate, uint32(payload.length), keccak256(payload), chunks);
        PRECOMPILE.activate(root);
    }

    /// @dev `deployModel`, registered with a price; gated by the gateway.
    function listModel(address owner, uint256 priceWei) internal returns (uint256 modelId) {
        address root =
            deployModel(owner, Predeploys.INFERENCE_GATEWAY, abi.encode("model of", owner));
        vm.prank(owner);
        modelId = REGISTRY.register(root, "model", priceWei);
    }

    /// @dev A model of `owner` whose bytes are `payload`, gated by the gateway, with all its terms.
    function listModel(address owner, bytes memory payload, IModelRegistry.Listing memory listing)
        internal
        returns (uint256 modelId)
    {
        address root = deployModel(owner, Predeploys.INFERENCE_GATEWAY, payload);
        vm.prank(owner);
        modelId = REGISTRY.registerListing(root, listing);
    }

    /// @dev Maps any value into [min, max], leaving those within as they are.
    function bound(uint256 value, uint256 min, uint256 max) internal pure returns (uint256) {
        if (min <= value && value <= max) return value;
        return min + value % (max - min + 1);
    }

    function words(int256 a, int256 b) internal pure returns (int256[] memory list) {
        list = new int256[](2);
        (list[0], list[1]) = (a, b);
    }
}
