// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IGatewayPrepaid} from "../src/interfaces/IGatewayPrepaid.sol";
import {IInference} from "../src/interfaces/IInference.sol";
import {IModelNames} from "../src/interfaces/IModelNames.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {IModelTerms} from "../src/interfaces/IModelTerms.sol";
import {ISolidMLInference} from "../src/interfaces/ISolidMLInference.sol";
import {Numbers} from "../src/libraries/Numbers.sol";
import {Predeploys} from "../src/libraries/Predeploys.sol";
import {
    LLMChatRequest,
    LLMCompletionRequest,
    ModelInferenceMode,
    ModelInferenceRequest,
    OGInference
} from "../src/solidml/OGInference.sol";
import {TensorLib} from "../src/solidml/TensorLib.sol";
import {Log} from "./Harness.sol";
import {SolidMLHarness} from "./SolidMLHarness.sol";

contract SolidMLInferenceTest is SolidMLHarness {
    uint256 private constant PRICE = 100;
    /// @dev A contract written for SolidML.
    address private constant APP = address(0xA99);
    address private constant NATIVE = address(0);

    address private root;
    uint256 private openId;

    function setUp() public {
        placePredeploys();
        root = deployModel(ALICE, address(0), "an open model");
        vm.prank(ALICE);
        openId = REGISTRY.register(root, "open", 0);
    }

    function test_anOpenModelRuns() public {
        TensorLib.MultiDimensionalNumberTensor[] memory output =
            infer(APP, requestOf("open", number(15, 1), number(-25, 2)));
        vm.assertEq(output.length, 1);
        vm.assertEq(output[0].name, "y");
        vm.assertEq(output[0].shape.length, 1);
        vm.assertEq(output[0].shape[0], 2);
        checkNumber(output[0].values[0], 1.25e18, 18);
        checkNumber(output[0].values[1], 1.75e18, 18);
    }

    function test_theEventSaysWhatWasAskedAndAnswered() public {
        ModelInferenceRequest memory request = requestOf("open", number(1, 0), number(2, 0));
        infer(APP, request);
        vm.recordLogs();
        vm.prank(APP);
        bytes memory answer = succeed(
            Predeploys.OG_INFERENCE, abi.encodeCall(OGInference.runModelInference, (request))
        );
        Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1);
        vm.assertEq(logs[0].topics[0], OGInference.ModelInferenceEvent.selector);
        // The parts have the encodings that they have alone, each behind its offset.
        bytes memory id = abi.encode("2");
        bytes memory asked = abi.encode(request);
        bytes memory want =
            abi.encodePacked(uint256(96), 64 + id.length, 32 + id.length + asked.length);
        want = bytes.concat(want, tail(id), tail(asked), tail(answer));
        vm.assertEq(logs[0].data, want);
        vm.assertEq(OG.inferenceCount(), 2);
    }

    function test_everyFormOfAStringId() public {
        string memory hexId = toHex(openId);
        string[4] memory ids =
            ["open", string.concat(vm.toString(ALICE), "/open"), hexId, string.concat(hexId, "@1")];
        for (uint256 i; i < ids.length; ++i) {
            infer(APP, requestOf(ids[i], number(1, 0), number(1, 0)));
        }
        refuseId("closed", abi.encodeWithSelector(IModelNames.UnknownName.selector, "closed"));
        refuseId(
            "open@2", abi.encodeWithSelector(IModelRegistry.UnknownVersion.selector, openId, 2)
        );
    }

    function test_aPricedModelDrawsOnTheCallersOwnBudget() public {
        uint256 modelId = listModel(ALICE, PRICE);
        refusePriced(modelId, IGatewayPrepaid.OverBudget.selector);
        vm.deal(APP, 1000);
        vm.startPrank(APP);
        GATEWAY.deposit{value: 1000}(APP);
        GATEWAY.setBudget(APP, modelId, NATIVE, IGatewayPrepaid.Budget(150, 100));
        vm.stopPrank();
        checkNumber(
            infer(APP, requestOf("model", number(3, 0), number(4, 0)))[0].values[0], 7e18, 18
        );
        vm.assertEq(GATEWAY.prepaidOf(APP, NATIVE), 900);
        vm.assertEq(GATEWAY.earnings(ALICE), 100);
        refusePriced(modelId, IGatewayPrepaid.OverBudget.selector);
        vm.assertEq(GATEWAY.prepaidOf(APP, NATIVE), 900);
    }

    function test_aSponsorPays() public {
        uint256 modelId = listModel(ALICE, PRICE);
        vm.deal(BOB, 1000);
        vm.startPrank(BOB);
        GATEWAY.deposit{value: 1000}(BOB);
        GATEWAY.setBudget(APP, modelId, NATIVE, IGatewayPrepaid.Budget(1000, 100));
        vm.stopPrank();
        infer(APP, requestOf("model", number(3, 0), number(4, 0)));
        vm.assertEq(GATEWAY.prepaidOf(BOB, NATIVE), 900);
        // Nobody else can spend it.
        vm.prank(CAROL);
        (bool ok,) = Predeploys.OG_INFERENCE
            .call(
                abi.encodeCall(
                    OGInference.runModelInference, (requestOf("model", number(3, 0), number(4, 0)))
                )
            );
        vm.assertTrue(!ok, "a stranger spent it");
        vm.assertEq(GATEWAY.prepaidOf(BOB, NATIVE), 900);
    }

    function test_aFreeGatedModelRunsAndARetiredOneDoesNot() public {
        uint256 modelId = listModel(ALICE, 0);
        infer(APP, requestOf("model", number(3, 0), number(4, 0)));
        vm.prank(ALICE);
        REGISTRY.retire(modelId);
        refuseId("model", abi.encodeWithSelector(IModelTerms.Retired.selector, modelId));
    }

    function test_anotherGateRefuses() public {
        address gated = deployModel(ALICE, BOB, "a model of Bob's gate");
        vm.prank(ALICE);
        REGISTRY.register(gated, "gated", 0);
        refuseId("gated", abi.encodeWithSelector(IInference.Gated.selector, gated, BOB));
    }

    function test_modesThatStandForProofsAreRefusedByName() public {
        ModelInferenceRequest memory request = requestOf("open", number(1, 0), number(1, 0));
        for (uint8 mode = 1; mode < 3; ++mode) {
            request.mode = ModelInferenceMode(mode);
            refuse(
                APP,
                request,
                abi.encodeWithSelector(
                    ISolidMLInference.ModeUnavailable.selector,
                    mode,
                    "every validator recomputes the model: use VANILLA"
                )
            );
        }
    }

    function test_languageModelsAreRefusedByName() public {
        bytes memory failure = abi.encodeWithSelector(
            ISolidMLInference.LanguageModelsUnavailable.selector,
            "models here are integer graphs within a transaction"
        );
        LLMCompletionRequest memory completion;
        vm.expectRevert(failure);
        OG.runLLMCompletion(completion);
        LLMChatRequest memory chat;
        fail(Predeploys.OG_INFERENCE, abi.encodeCall(OGInference.runLLMChat, (chat)), failure);
    }

    function test_inputsThatDoNotFit() public {
        ModelInferenceRequest memory request = requestOf("open", number(1, 0), number(1, 0));
        TensorLib.MultiDimensionalNumberTensor memory tensor = request.input.numbers[0];

        tensor.name = "z";
        refuse(APP, request, abi.encodeWithSelector(ISolidMLInference.MissingTensor.selector, "x"));
        tensor.name = "x";
        uint32[] memory want = tensor.shape;
        tensor.shape = new uint32[](1);
        tensor.shape[0] = 3;
        refuse(
            APP,
            request,
            abi.encodeWithSelector(ISolidMLInference.TensorShape.selector, "x", tensor.shape, want)
        );
        tensor.shape = want;
        tensor.values = new TensorLib.Number[](3);
        refuse(
            APP, request, abi.encodeWithSelector(ISolidMLInference.TensorLength.selector, "x", 3, 2)
        );
        request.input.numbers = new TensorLib.MultiDimensionalNumberTensor[](2);
        (request.input.numbers[0], request.input.numbers[1]) = (tensor, tensor);
        refuse(APP, request, abi.encodeWithSelector(ISolidMLInference.TensorCount.selector, 2, 1));
        request = requestOf("open", number(1, 0), number(1, -21));
        refuse(APP, request, abi.encodeWithSelector(Numbers.NumberTooLarge.selector, 1, -21));
        request.input.strings = new TensorLib.StringTensor[](1);
        request.input.strings[0].name = "text";
        refuse(
            APP,
            request,
            abi.encodeWithSelector(ISolidMLInference.StringsUnsupported.selector, "text")
        );
        vm.assertEq(OG.inferenceCount(), 0);
    }

    function test_axesOfLengthOneDoNotCount() public {
        ModelInferenceRequest memory request = requestOf("open", number(1, 0), number(1, 0));
        uint32[] memory shape = new uint32[](4);
        (shape[0], shape[1], shape[2], shape[3]) = (1, 1, 2, 1);
        request.input.numbers[0].shape = shape;
        infer(APP, request);
        shape[3] = 2;
        ModelInferenceRequest memory wrong = request;
        uint32[] memory want = new uint32[](1);
        want[0] = 2;
        refuse(
            APP,
            wrong,
            abi.encodeWithSelector(ISolidMLInference.TensorShape.selector, "x", shape, want)
        );
        shape = new uint32[](1);
        shape[0] = 1;
        request.input.numbers[0].shape = shape;
        refuse(
            APP,
            request,
            abi.encodeWithSelector(ISolidMLInference.TensorShape.selector, "x", shape, want)
        );
    }

    function test_inputsInAnyOrderAndTensorsWithoutAScale() public {
        mockTwoInputs();
        ModelInferenceRequest memory request = twoInputs(number(30, 1));
        TensorLib.MultiDimensionalNumberTensor[] memory output = infer(APP, request);
        vm.assertEq(output.length, 2);
        vm.assertEq(output[0].name, "class");
        checkNumber(output[0].values[0], -7, 0);
        // 2^127 with 18 decimals: one digit less fits.
        vm.assertEq(output[1].name, "size");
        checkNumber(output[1].values[0], 17014118346046923173168730371588410573, 17);

        refuse(
            APP,
            twoInputs(number(31, 1)),
            abi.encodeWithSelector(Numbers.NotAnInteger.selector, 31, 1)
        );
        // Twice the same name.
        request.input.numbers[0] = request.input.numbers[1];
        refuse(APP, request, abi.encodeWithSelector(ISolidMLInference.MissingTensor.selector, "b"));
    }

    function test_onlyThePriceHistoryNamesACaller() public {
        vm.prank(APP);
        fail(
            Predeploys.OG_INFERENCE,
            abi.encodeCall(
                ISolidMLInference.runModelInferenceFor,
                (BOB, requestOf("open", number(1, 0), number(1, 0)))
            ),
            abi.encodeWithSelector(ISolidMLInference.NotOGHistorical.selector, APP)
        );
    }

    function testFuzz_numbersAreReadAsTheyStand(int64 a, int64 b, uint8 places) public {
        int128 decimals = int128(uint128(bound(places, 0, 18)));
        TensorLib.Number[] memory y =
        infer(APP, requestOf("open", number(a, decimals), number(b, decimals)))[0].values;
        int256 unit = int256(10 ** uint256(18 - uint128(decimals)));
        // As many decimals fewer as do not fit: none of 64 bits with 18 decimals are.
        checkNumber(y[0], (int256(a) + b) * unit, 18);
        checkNumber(y[1], (int256(a) - b) * unit, 18);
    }

    /// @dev The open model takes `a` of two numbers and `b`, an integer, and gives an integer and a
    /// number.
    function mockTwoInputs() private {
        IInference.ModelInfo memory info;
        (info.inputs, info.outputs) =
        (new IInference.TensorInfo[](2), new IInference.TensorInfo[](2));
        (info.inputs[0].name, info.inputs[0].quantisation) = ("a", 2);
        info.inputs[0].shape = new uint32[](1);
        info.inputs[0].shape[0] = 2;
        info.inputs[1].name = "b";
        (info.outputs[0].name, info.outputs[1].name) = ("class", "size");
        info.outputs[1].quantisation = 1;
        vm.mockCall(
            Predeploys.INFERENCE, abi.encodeCall(IInference.modelInfo, (root)), abi.encode(info)
        );
        int256[] memory words_ = new int256[](3);
        (words_[0], words_[1], words_[2]) = (0.5e18, -2e18, 3);
        vm.mockCall(
            Predeploys.INFERENCE,
            abi.encodeCall(IInference.inference, (root, words_)),
            abi.encode(words(-7, 2 ** 127))
        );
    }

    function twoInputs(TensorLib.Number memory b)
        private
        pure
        returns (ModelInferenceRequest memory request)
    {
        request.modelCID = "open";
        request.input.numbers = new TensorLib.MultiDimensionalNumberTensor[](2);
        request.input.numbers[1] = tensorOf("a", number(5, 1), number(-2, 0));
        request.input.numbers[0].name = "b";
        request.input.numbers[0].values = new TensorLib.Number[](1);
        request.input.numbers[0].values[0] = b;
    }

    function refuseId(string memory id, bytes memory failure) private {
        refuse(APP, requestOf(id, number(1, 0), number(1, 0)), failure);
    }

    function refusePriced(uint256 modelId, bytes4 selector) private {
        refuseId("model", abi.encodeWithSelector(selector, APP, APP, modelId, PRICE));
    }

    /// @dev An encoding without the offset that it begins with.
    function tail(bytes memory encoded) private pure returns (bytes memory rest) {
        rest = new bytes(encoded.length - 32);
        for (uint256 i; i < rest.length; ++i) {
            rest[i] = encoded[32 + i];
        }
    }

    function toHex(uint256 value) private pure returns (string memory) {
        bytes memory digits = "0123456789abcdef";
        bytes memory text = new bytes(66);
        (text[0], text[1]) = ("0", "x");
        for (uint256 i; i < 64; ++i) {
            text[65 - i] = digits[(value >> (4 * i)) & 15];
        }
        return string(text);
    }
}
