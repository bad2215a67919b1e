// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IGatewayAuthorizations} from "../../src/interfaces/IGatewayAuthorizations.sol";
import {IGatewayPrepaid} from "../../src/interfaces/IGatewayPrepaid.sol";
import {IInferenceGateway} from "../../src/interfaces/IInferenceGateway.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IModelRevenue} from "../../src/interfaces/IModelRevenue.sol";
import {IModelTerms} from "../../src/interfaces/IModelTerms.sol";
import {Predeploys} from "../../src/libraries/Predeploys.sol";
import {Log} from "../Harness.sol";
import {MoodyToken} from "../mocks/Tokens.sol";
import {Books} from "./Books.sol";

/// @title What people do with registry and gateway, in any order
contract Actions is Books {
    uint256 private constant MAX_MODELS = 8;

    uint256 private _payloads;
    uint256 private _nonces;

    constructor() {
        for (uint256 i; i < 3; ++i) {
            register(i, i, 1000 * (i + 1), 500);
        }
    }

    /// @notice A call of a random kind. It is charged what was quoted, or nothing happens.
    function infer(uint256 payerSeed, uint256 modelSeed, uint256 kind, uint256 n, uint256 funds)
        external
    {
        address payer = people[payerSeed % PEOPLE];
        n = bound(n, 1, 4);
        kind = kind % 4;
        (bool open, IInferenceGateway.Order memory order) =
            orderOf(models[modelSeed % models.length], n, payer, kind == 1);
        if (!open) return;
        // Sometimes too little, sometimes more than enough.
        uint256 given = order.prepaid ? 0 : bound(funds, 0, 2 * order.maxPrice + 1);
        give(order.token, payer, given);
        uint256 sent = order.token == NATIVE ? given : 0;
        vm.recordLogs();
        if (!act(payer, callOf(order, kind, n), sent, payer)) return;
        checkReceipts(order, payer);
        checkCharged(order.token, payer, order.maxPrice, order.prepaid);
    }

    /// @notice A call with some of the gas that it needs.
    function inferStarved(uint256 payerSeed, uint256 modelSeed, uint256 gas) external {
        address payer = people[payerSeed % PEOPLE];
        uint256 modelId = models[modelSeed % models.length];
        (bool open, address token, uint256 price,) = quoteOf(modelId, 1, payer);
        if (!open || token != NATIVE) return;
        give(NATIVE, payer, price);
        bytes memory call = abi.encodeCall(GATEWAY.inference, (modelId, words(1, 2)));
        if (act(payer, call, price, payer, bound(gas, 20_000, 400_000))) {
            checkCharged(NATIVE, payer, price, false);
        }
    }

    /// @notice A call by signature.
    function inferAuthorized(uint256 payerSeed, uint256 modelSeed, bool prepaid, uint256 funds)
        external
    {
        IGatewayAuthorizations.Authorization memory wanted;
        uint256 key = payerSeed % PEOPLE + 1;
        wanted.payer = vm.addr(key);
        wanted.modelId = models[modelSeed % models.length];
        bool open;
        (open, wanted.token, wanted.maxPrice,) = quoteOf(wanted.modelId, 1, wanted.payer);
        if (!open) return;
        if (!prepaid && wanted.token != NATIVE) {
            give(wanted.token, wanted.payer, bound(funds, 0, wanted.maxPrice));
        }
        (wanted.prepaid, wanted.nonce, wanted.deadline) = (prepaid, _nonces++, block.timestamp);
        wanted.inputHash = keccak256(abi.encode(1, 2));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, GATEWAY.authorizationDigest(wanted));
        bytes memory call = abi.encodeCall(
            GATEWAY.inferenceAuthorized, (wanted, words(1, 2), abi.encodePacked(r, s, v))
        );
        if (act(people[0], call, 0, wanted.payer)) {
            checkCharged(wanted.token, wanted.payer, wanted.maxPrice, prepaid);
        }
    }

    /// @notice A call through OpenGradient's interface, which somebody's budget pays.
    function inferFor(uint256 callerSeed, uint256 modelSeed) external {
        address caller = people[callerSeed % PEOPLE];
        uint256 modelId = models[modelSeed % models.length];
        (bool open, address token, uint256 price,) = quoteOf(modelId, 1, caller);
        if (!open) return;
        bool own = GATEWAY.budgetOf(caller, caller, modelId, token).amount >= price
            && GATEWAY.budgetOf(caller, caller, modelId, token).maxPrice >= price
            && GATEWAY.prepaidOf(caller, token) >= price;
        address funder = own ? caller : GATEWAY.sponsorOf(caller, modelId);
        bytes memory call = abi.encodeCall(GATEWAY.inferenceFor, (caller, modelId, 0, words(1, 2)));
        if (act(Predeploys.OG_INFERENCE, call, 0, funder) && price != 0) {
            checkCharged(token, funder, price, true);
        }
    }

    function deposit(uint256 from, uint256 to, uint256 currency, uint64 amount) external {
        address token = currencies[currency % CURRENCIES];
        (address sender, address account) = (people[from % PEOPLE], people[to % PEOPLE]);
        give(token, sender, amount);
        uint256 held = heldIn(token);
        bytes memory call = token == NATIVE
            ? abi.encodeCall(GATEWAY.deposit, (account))
            : abi.encodeCall(GATEWAY.depositToken, (account, token, amount));
        if (!act(sender, call, token == NATIVE ? amount : 0, address(0))) return;
        uint256 received = heldIn(token) - held;
        vm.assertEq(
            GATEWAY.prepaidOf(account, token) - purseBefore(token, account).prepaid, received
        );
        _sums[token].deposited += received;
    }

    function setBudget(uint256 funder, uint256 caller, uint256 model, uint256 currency, uint64 most)
        external
    {
        bytes memory call = abi.encodeCall(
            GATEWAY.setBudget,
            (
                people[caller % PEOPLE],
                models[model % models.length],
                currencies[currency % CURRENCIES],
                IGatewayPrepaid.Budget(uint128(most) * 3, most)
            )
        );
        act(people[funder % PEOPLE], call, 0, address(0));
    }

    function withdrawPrepaid(uint256 holder, uint256 to, uint256 currency, uint256 amount)
        external
    {
        address account = people[holder % PEOPLE];
        address token = currencies[currency % CURRENCIES];
        amount = bound(amount, 0, GATEWAY.prepaidOf(account, token) + 1);
        bytes memory call =
            abi.encodeCall(GATEWAY.withdrawPrepaid, (token, amount, people[to % PEOPLE]));
        if (act(account, call, 0, account)) _sums[token].prepaidWithdrawn += amount;
    }

    function withdraw(uint256 creditor, uint256 to, uint256 currency, bool onBehalf) external {
        address account = people[creditor % PEOPLE];
        address token = currencies[currency % CURRENCIES];
        uint256 amount = GATEWAY.earningsIn(token, account);
        (address sender, bytes memory call) = onBehalf
            ? (people[to % PEOPLE], abi.encodeCall(GATEWAY.withdrawFor, (account, token)))
            : (account, abi.encodeCall(GATEWAY.withdrawToken, (token, people[to % PEOPLE])));
        if (act(sender, call, 0, account)) _sums[token].withdrawn += amount;
    }

    function releasePot(uint256 model, uint256 currency) external {
        address token = currencies[currency % CURRENCIES];
        act(
            people[0],
            abi.encodeCall(GATEWAY.releasePot, (models[model % models.length], token)),
            0,
            address(0)
        );
        vm.assertEq(creditedSince(token), 0);
    }

    function register(uint256 owner, uint256 parentSeed, uint256 price, uint16 bps) public {
        if (models.length == MAX_MODELS) return;
        IModelRegistry.Listing memory listing;
        (listing.name, listing.price) = ("model", bound(price, 0, type(uint64).max));
        listing.validatorBps = bps % 2001;
        if (models.length != 0) {
            listing.parents = new IModelRevenue.Share[](1);
            listing.parents[0] = IModelRevenue.Share(models[parentSeed % models.length], bps % 5001);
        }
        models.push(listModel(people[owner % PEOPLE], abi.encode(_payloads++), listing));
    }

    function setPrice(uint256 model, uint256 currency, uint64 price) external {
        uint256 modelId = models[model % models.length];
        address token = currencies[currency % CURRENCIES];
        vm.prank(REGISTRY.ownerOf(modelId));
        if (token == NATIVE) REGISTRY.setPrice(modelId, price);
        else REGISTRY.setTokenPrice(modelId, token, price);
    }

    function setAccess(uint256 model, uint256 access) external {
        uint256 modelId = models[model % models.length];
        vm.prank(REGISTRY.ownerOf(modelId));
        REGISTRY.setAccess(modelId, IModelTerms.Access(access % 8 < 6 ? 0 : access % 2 + 1));
    }

    function publish(uint256 model) external {
        uint256 modelId = models[model % models.length];
        address owner = REGISTRY.ownerOf(modelId);
        address root = deployModel(owner, Predeploys.INFERENCE_GATEWAY, abi.encode(_payloads++));
        vm.prank(owner);
        REGISTRY.publishVersion(modelId, root);
    }

    /// @notice Replaces contributors; a promise that is not over makes it fail.
    function setContributors(uint256 model, uint256 account, uint16 bps, uint8 locked) external {
        uint256 modelId = models[model % models.length];
        (address owner, IModelRevenue.Contributor[] memory old) = REGISTRY.payeesOf(modelId);
        IModelRevenue.Contributor[] memory list = new IModelRevenue.Contributor[](2);
        list[0] = IModelRevenue.Contributor(
            people[account % PEOPLE], 1 + bps % 3000, uint64(block.timestamp) + locked
        );
        list[1] =
            IModelRevenue.Contributor(people[(account % PEOPLE + 1) % PEOPLE], 1 + bps % 999, 0);
        vm.prank(owner);
        try REGISTRY.setContributors(modelId, list) {
            for (uint256 i; i < old.length; ++i) {
                if (old[i].lockedUntil > block.timestamp) checkKept(list, old[i]);
            }
        } catch {}
    }

    function transfer(uint256 model, uint256 to) external {
        uint256 modelId = models[model % models.length];
        address owner = REGISTRY.ownerOf(modelId);
        vm.prank(owner);
        REGISTRY.transferFrom(owner, people[to % PEOPLE], modelId);
    }

    /// @notice Time passes, and another validator makes the next block; sometimes nobody.
    function nextBlock(uint256 validator, uint8 elapsed) external {
        vm.warp(block.timestamp + elapsed);
        vm.coinbase(validator % 6 < PEOPLE ? people[validator % 6] : address(0));
    }

    function donate(uint256 currency, uint32 amount) external {
        address token = currencies[currency % CURRENCIES];
        if (token == address(moody)) return;
        give(token, address(GATEWAY), amount);
        _sums[token].donated += amount;
    }

    /// @notice The moody token's next mood, and what it calls when it moves.
    function changeMood(uint256 mood, uint256 model, uint256 account) external {
        moody.setMood(MoodyToken.Mood(mood % 8 < 4 ? 0 : mood % 4));
        bytes[4] memory calls = [
            bytes(""),
            abi.encodeCall(GATEWAY.withdrawFor, (people[account % PEOPLE], address(moody))),
            abi.encodeCall(GATEWAY.releasePot, (models[model % models.length], address(moody))),
            abi.encodeCall(GATEWAY.withdraw, ())
        ];
        moody.setCall(account % 2 == 0 ? address(0) : address(GATEWAY), calls[model % 4]);
    }

    function quoteOf(uint256 modelId, uint256 n, address payer)
        private
        view
        returns (bool open, address token, uint256 price, uint32 version)
    {
        if (!REGISTRY.mayCall(modelId, payer)) return (false, token, price, version);
        (token, price, version) = GATEWAY.quote(modelId, 0, n, payer);
        return (true, token, price, version);
    }

    /// @dev An order for exactly what is quoted; not open to somebody who may not call the model.
    function orderOf(uint256 modelId, uint256 n, address payer, bool prepaid)
        private
        view
        returns (bool open, IInferenceGateway.Order memory order)
    {
        (order.modelId, order.prepaid) = (modelId, prepaid);
        (open, order.token, order.maxPrice, order.version) = quoteOf(modelId, n, payer);
    }

    /// @dev 0 exact value, 1 prepaid, 2 and 3 with an order; 3 several at once.
    function callOf(IInferenceGateway.Order memory order, uint256 kind, uint256 n)
        private
        pure
        returns (bytes memory)
    {
        int256[] memory input = new int256[](2 * n);
        if (kind == 0) {
            return abi.encodeCall(GATEWAY.inferenceBatch, (order.modelId, n, input));
        }
        if (kind != 3) return abi.encodeCall(GATEWAY.inferenceBatchWith, (order, n, input));
        IInferenceGateway.Order[] memory orders = new IInferenceGateway.Order[](n);
        int256[][] memory inputs = new int256[][](n);
        for (uint256 i; i < n; ++i) {
            (orders[i], inputs[i]) = (order, new int256[](2));
        }
        return abi.encodeCall(GATEWAY.inferenceMany, (orders, inputs));
    }

    /// @dev Exactly the price has become credits and pots, and left the payer's purse.
    function checkCharged(address token, address payer, uint256 price, bool prepaid) private {
        vm.assertEq(creditedSince(token), price);
        Purse memory was = purseBefore(token, payer);
        Purse memory purse = purseOf(token, payer);
        vm.assertEq(was.prepaid - purse.prepaid, prepaid ? price : 0);
        vm.assertEq(was.outside - purse.outside, prepaid ? 0 : price);
        vm.assertGe(purse.credits, was.credits);
        _sums[token].charged += price;
        if (prepaid) _sums[token].drawn += price;
    }

    /// @dev What the receipts say is what was quoted: model, version, payer, currency, and the sum of
    /// prices.
    function checkReceipts(IInferenceGateway.Order memory order, address payer) private {
        Log[] memory logs = vm.getRecordedLogs();
        uint256 total;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(GATEWAY)) continue;
            if (logs[i].topics[0] != IInferenceGateway.InferenceReceipt.selector) continue;
            vm.assertEq(uint256(logs[i].topics[1]), order.modelId);
            vm.assertEq(address(uint160(uint256(logs[i].topics[2]))), payer);
            (uint32 version,,,, address token, uint256 price) =
                abi.decode(logs[i].data, (uint32, bytes32, bytes32, bool, address, uint256));
            vm.assertEq(version, order.version);
            vm.assertEq(token, order.token);
            total += price;
        }
        vm.assertEq(total, order.maxPrice);
    }

    function checkKept(
        IModelRevenue.Contributor[] memory list,
        IModelRevenue.Contributor memory promised
    ) private pure {
        for (uint256 i; i < list.length; ++i) {
            if (list[i].account != promised.account) continue;
            vm.assertGe(list[i].bps, promised.bps);
            vm.assertGe(list[i].lockedUntil, promised.lockedUntil);
            return;
        }
        vm.assertTrue(false, "a promise was broken");
    }
}
