// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {SolidMLPreprocessing} from "../../src/SolidMLPreprocessing.sol";
import {IGatewayPrepaid} from "../../src/interfaces/IGatewayPrepaid.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {IModelNames} from "../../src/interfaces/IModelNames.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ISolidMLInference} from "../../src/interfaces/ISolidMLInference.sol";
import {ISolidMLPreprocessing} from "../../src/interfaces/ISolidMLPreprocessing.sol";
import {Numbers} from "../../src/libraries/Numbers.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {ModelInferenceRequest, OGInference} from "../../src/solidml/OGInference.sol";
import {TensorLib} from "../../src/solidml/TensorLib.sol";
import {CodeBorrower} from "../mocks/Attackers.sol";
import {SolidMLHarness} from "../SolidMLHarness.sol";

/// @title Attempts through OpenGradient's interfaces
contract SolidMLAttacksTest is SolidMLHarness {
    SolidMLPreprocessing private constant STATISTICS =
        SolidMLPreprocessing(Predeploys.OG_PREPROCESSING);
    uint256 private constant PRICE = 100;
    address private constant APP = address(0xA99);

    uint256 private modelId;

    function setUp() public {
        placePredeploys();
        modelId = listModel(ALICE, PRICE);
        address root = deployModel(ALICE, address(0), "an open model");
        vm.prank(ALICE);
        REGISTRY.register(root, "open", 0);
        vm.deal(BOB, 1000);
        vm.startPrank(BOB);
        GATEWAY.deposit{value: 1000}(BOB);
        GATEWAY.setBudget(APP, modelId, address(0), IGatewayPrepaid.Budget(1000, uint128(PRICE)));
        vm.stopPrank();
    }

    /// @dev The interface's own code, run in the attacker's account with a caller of its choice: to the
    /// gateway it is the attacker.
    function test_theInterfacesCodeInAnotherAccount() public {
        CodeBorrower thief = new CodeBorrower(Predeploys.OG_INFERENCE);
        ModelInferenceRequest memory request = requestOf("model", number(1, 0), number(2, 0));
        fail(
            address(thief),
            abi.encodeCall(ISolidMLInference.runModelInferenceFor, (APP, request)),
            abi.encodeWithSelector(ISolidMLInference.NotOGHistorical.selector, address(this))
        );
        fail(
            address(thief),
            abi.encodeCall(OGInference.runModelInference, (request)),
            abi.encodeWithSelector(IInferenceGateway.NotOGInference.selector, address(thief))
        );
        vm.assertEq(GATEWAY.prepaidOf(BOB, address(0)), 1000);
    }

    /// @dev A contract that borrows code to ask is itself the caller: its sponsor pays, nobody else's.
    function test_theCallerIsWhoCalls() public {
        refuse(
            BOB,
            requestOf("model", number(1, 0), number(2, 0)),
            abi.encodeWithSelector(IGatewayPrepaid.OverBudget.selector, BOB, BOB, modelId, PRICE)
        );
        infer(APP, requestOf("model", number(1, 0), number(2, 0)));
        vm.assertEq(GATEWAY.prepaidOf(BOB, address(0)), 900);
    }

    /// @dev Ids that almost are one: none of them leads anywhere.
    function test_stringsThatOnlyLookLikeIds() public {
        string memory id = toHex(modelId);
        string memory owner = vm.toString(ALICE);
        string[12] memory looks = [
            "",
            "@1",
            "model@",
            "model@0",
            "model@01",
            "model@4294967296",
            "model@1@1",
            " model",
            string.concat(id, "0"),
            string.concat(owner, "/"),
            string.concat(owner, "//model"),
            "0x0000000000000000000000000000000000000000/model"
        ];
        for (uint256 i; i < looks.length; ++i) {
            refuse(
                APP,
                requestOf(looks[i], number(1, 0), number(2, 0)),
                abi.encodeWithSelector(IModelNames.UnknownName.selector, looks[i])
            );
        }
        refuse(
            APP,
            requestOf("model@4294967295", number(1, 0), number(2, 0)),
            abi.encodeWithSelector(
                IModelRegistry.UnknownVersion.selector, modelId, type(uint32).max
            )
        );
    }

    /// @dev Every number that can be written: the model gets it rounded once, or it is refused by name.
    function test_fuzz_anyNumberArrivesOrIsRefused(int128 value, int128 decimals, uint8 small)
        public
    {
        if (small < 230) decimals = int128(uint128(small % 62)) - 22;
        ModelInferenceRequest memory request =
            requestOf("open", number(value, decimals), number(0, 0));
        if (value != 0 && decimals < -20) {
            refuse(
                APP,
                request,
                abi.encodeWithSelector(Numbers.NumberTooLarge.selector, value, decimals)
            );
            return;
        }
        TensorLib.Number memory got = infer(APP, request)[0].values[0];
        checkNearest(got, value, decimals);
    }

    /// @dev In a list, one number can cost all others their digits, or the list its answer.
    function test_oneNumberRoundsTheOthers() public {
        TensorLib.Number[] memory data = new TensorLib.Number[](5);
        for (uint256 i; i < 4; ++i) {
            data[i] = number(14, 1);
        }
        data[4] = number(14, 1);
        checkNumber(STATISTICS.median(data), 1.4e18, 18);
        data[4] = number(10 ** 14, -18);
        checkNumber(STATISTICS.median(data), 1, 0);
        data[4] = number(10 ** 14, -19);
        vm.expectRevert(
            abi.encodeWithSelector(ISolidMLPreprocessing.NumbersTooLarge.selector, 2 ** 108)
        );
        STATISTICS.median(data);
    }

    /// @dev `got` is the number nearest to `value / 10^decimals` with 18 decimals, a half up; in as many
    /// decimals as fit, which are 18 for all but large numbers.
    function checkNearest(TensorLib.Number memory got, int256 value, int256 decimals) private pure {
        if (value == 0 || decimals > 57) {
            checkNumber(got, 0, 18);
        } else if (decimals > 18) {
            // 2 value = 2 got 10^(decimals - 18) + r, -10^(decimals - 18) <= r < 10^(decimals - 18).
            int256 unit = int256(10 ** uint256(decimals - 18));
            vm.assertEq(got.decimals, int256(18));
            int256 rest = 2 * (value - got.value * unit);
            vm.assertTrue(-unit <= rest && rest < unit, "not the nearest");
        } else {
            // Exact, but for digits that do not fit 128 bits.
            int256 exact = value * int256(10 ** uint256(18 - decimals));
            int256 unit = int256(10 ** uint256(18 - int256(got.decimals)));
            int256 rest = exact - got.value * unit;
            vm.assertTrue(2 * rest < unit && -unit <= 2 * rest, "not the nearest");
            bool couldSayMore = unit != 1 && exact / (unit / 10) <= type(int128).max
                && exact / (unit / 10) >= type(int128).min;
            vm.assertTrue(!couldSayMore, "fewer digits than fit");
        }
    }

    function toHex(uint256 id) private pure returns (string memory) {
        bytes memory digits = "0123456789abcdef";
        bytes memory text = new bytes(66);
        (text[0], text[1]) = ("0", "x");
        for (uint256 i; i < 64; ++i) {
            text[65 - i] = digits[(id >> (4 * i)) & 15];
        }
        return string(text);
    }
}
