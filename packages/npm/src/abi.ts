/**
 * What this package needs of the contracts' interfaces; a test compares it with what the Solidity compiler
 * makes of `contracts/src/interfaces/`. Every error that a call can end in is here, so that each is decoded.
 */

import { parseAbi } from "viem";

/** `IInference`: the precompile. */
export const inferenceAbi = parseAbi([
  "struct TensorInfo { string name; uint8 dtype; uint32[] shape; uint8 quantisation; uint8 axis; uint64[] scaleNumerator; uint64[] scaleDenominator; int32[] zeroPoint; bool saturates; }",
  "struct ModelInfo { bytes32 modelHash; bytes32 contentHash; address gate; uint16 recordVersion; uint64 inferenceGas; uint64 loadGas; uint32 payloadBytes; uint64 arenaBytes; uint64[] work; TensorInfo[] inputs; TensorInfo[] outputs; }",
  "function inference(address model, int256[] input) view returns (int256[] output)",
  "function inferenceBatch(address model, uint256 n, int256[] input) view returns (int256[] output)",
  "function inferenceRaw(address model, bytes input) view returns (bytes output)",
  "function modelInfo(address model) view returns (ModelInfo info)",
  "error UnknownSelector(bytes4 selector)",
  "error MalformedCalldata()",
  "error NotAModel(address model)",
  "error MalformedRoot(address model)",
  "error NotActivated(address model)",
  "error NeedsReactivation(address model, uint16 recordVersion)",
  "error GateMismatch(address chunk)",
  "error ChunkMismatch(address chunk)",
  "error CreatedInThisTransaction(address account)",
  "error ContentHashMismatch(bytes32 got, bytes32 want)",
  "error ModelRejected(uint16 reason, uint16 operatorIndex)",
  "error TooExpensive(uint64 gas, uint64 limit)",
  "error Gated(address model, address gate)",
  "error InputLength(uint256 got, uint256 want)",
  "error InputRange(uint256 index)",
  "error ExecutionFailed(uint16 operatorIndex)",
  "error StaticCall()",
]);

/** `IModelRegistry`: finding a model. */
export const registryAbi = parseAbi([
  "function resolve(string id) view returns (uint256 modelId, uint32 version)",
  "function latestVersion(uint256 modelId) view returns (uint32 version)",
  "function rootOf(uint256 modelId, uint32 version) view returns (address root)",
  "error UnknownName(string id)",
  "error UnknownVersion(uint256 modelId, uint32 version)",
  "error ERC721NonexistentToken(uint256 tokenId)",
]);

/** Errors of the registry's that reach whoever calls a model through the gateway. */
const termsErrors = parseAbi([
  "error AccessDenied(uint256 modelId, address payer)",
  "error Retired(uint256 modelId)",
  "error UnknownVersion(uint256 modelId, uint32 version)",
  "error ERC721NonexistentToken(uint256 tokenId)",
]);

/** `IInferenceGateway`: paid calls, with the precompile's and the registry's errors that come through it. */
export const gatewayAbi = [
  ...parseAbi([
    "struct Order { uint256 modelId; uint32 version; address token; uint256 maxPrice; bool prepaid; }",
    "function inferenceWith(Order order, int256[] input) payable returns (int256[] output)",
    "function inferenceRawWith(Order order, bytes input) payable returns (bytes output)",
    "function quote(uint256 modelId, uint32 version, uint256 n, address payer) view returns (address token, uint256 price, uint32 resolved)",
    "event InferenceReceipt(uint256 indexed modelId, address indexed payer, address indexed caller, uint32 version, bytes32 inputHash, bytes32 outputHash, bool raw, address token, uint256 price)",
    "error WrongPayment(uint256 got, uint256 want)",
    "error WrongToken(uint256 modelId, address got, address want)",
    "error PriceAboveMax(uint256 price, uint256 maxPrice)",
    "error EmptyBatch(uint256 modelId)",
    "error InputCount(uint256 got, uint256 want)",
    "error RefundRefused(address sender)",
    "error NotOGInference(address sender)",
    "error PrepaidTooLow(address account, address token, uint256 got, uint256 want)",
    "error OverBudget(address funder, address caller, uint256 modelId, uint256 price)",
    "error BadAccount(address account)",
    "error NothingToWithdraw(address account)",
    "error WithdrawalRefused(address to)",
    "error TokenMoved(address token, uint256 got, uint256 want)",
    "error BadSignature(address payer)",
    "error NonceUsed(address payer, uint256 nonce)",
    "error Expired(uint256 deadline)",
    "error NotAuthorizedCaller(address caller, address want)",
    "error InputMismatch(bytes32 got, bytes32 want)",
    "error NativeNeedsPrepaid()",
    "error NotCreator(address caller, address sender, uint64 nonce)",
    "error InferenceUnavailable()",
    "error ERC5267ExtensionsNotSupported()",
    "error ReentrancyGuardReentrantCall()",
    "error SafeERC20FailedOperation(address token)",
  ]),
  ...termsErrors,
  ...inferenceAbi.filter((item) => item.type === "error"),
] as const;
