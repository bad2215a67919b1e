// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Harness} from "../Harness.sol";
import {FeeToken, GoodToken, MoodyToken} from "../mocks/Tokens.sol";

/// @title The books that the actions keep beside the gateway's own
/// @notice Who there is, which currencies and models; sums of what went in and out; and the comparison
/// of everybody's money before and after an action.
abstract contract Books is Harness {
    uint256 internal constant PEOPLE = 5;
    uint256 internal constant CURRENCIES = 4;
    address internal constant NATIVE = address(0);

    struct Sums {
        uint256 charged;
        uint256 withdrawn;
        uint256 deposited;
        uint256 drawn;
        uint256 prepaidWithdrawn;
        uint256 donated;
    }

    /// @dev Somebody's money in one currency.
    struct Purse {
        uint256 credits;
        uint256 prepaid;
        uint256 outside;
    }

    address[CURRENCIES] public currencies;
    address[PEOPLE] public people;
    uint256[] public models;
    uint256 public actionsThatWorked;

    MoodyToken internal moody;

    mapping(address token => Sums) internal _sums;
    Purse[PEOPLE][CURRENCIES] private _before;
    uint256[CURRENCIES] private _potsBefore;
    uint256[CURRENCIES] private _heldBefore;

    constructor() {
        moody = new MoodyToken();
        currencies = [NATIVE, address(new GoodToken()), address(new FeeToken()), address(moody)];
        for (uint256 i; i < PEOPLE; ++i) {
            people[i] = vm.addr(i + 1);
            for (uint256 t = 1; t < CURRENCIES; ++t) {
                vm.prank(people[i]);
                IERC20(currencies[t]).approve(address(GATEWAY), type(uint256).max);
            }
        }
    }

    function sumsOf(address token) external view returns (Sums memory) {
        return _sums[token];
    }

    function modelCount() external view returns (uint256) {
        return models.length;
    }

    /// @dev Runs an action and compares everybody's money. `spender` alone may have less credits or a
    /// lower balance in the gateway afterwards, and only if it worked.
    function act(address sender, bytes memory call, uint256 valueWei, address spender)
        internal
        returns (bool ok)
    {
        return act(sender, call, valueWei, spender, type(uint256).max);
    }

    function act(address sender, bytes memory call, uint256 valueWei, address spender, uint256 gas)
        internal
        returns (bool ok)
    {
        remember();
        vm.prank(sender);
        if (gas == type(uint256).max) gas = gasleft();
        (ok,) = address(GATEWAY).call{value: valueWei, gas: gas}(call);
        for (uint256 t; t < CURRENCIES; ++t) {
            for (uint256 i; i < PEOPLE; ++i) {
                Purse memory was = _before[t][i];
                Purse memory purse = purseOf(currencies[t], people[i]);
                bool mayFall = ok && people[i] == spender;
                if (!mayFall) {
                    vm.assertGe(purse.credits, was.credits);
                    vm.assertGe(purse.prepaid, was.prepaid);
                }
                if (!ok) vm.assertEq(abi.encode(purse), abi.encode(was));
            }
            if (!ok) {
                vm.assertEq(potsIn(currencies[t]), _potsBefore[t]);
                vm.assertEq(heldIn(currencies[t]), _heldBefore[t]);
            }
        }
        if (ok) ++actionsThatWorked;
    }

    /// @dev By how much credits and pots of a currency have grown since the last `remember`.
    function creditedSince(address token) internal view returns (uint256) {
        uint256 t = indexOf(token);
        uint256 was = _potsBefore[t];
        for (uint256 i; i < PEOPLE; ++i) {
            was += _before[t][i].credits;
        }
        return creditsIn(token) + potsIn(token) - was;
    }

    /// @dev Somebody's money as it was at the last `remember`.
    function purseBefore(address token, address account) internal view returns (Purse memory) {
        for (uint256 i; i < PEOPLE; ++i) {
            if (people[i] == account) return _before[indexOf(token)][i];
        }
        revert();
    }

    function remember() private {
        for (uint256 t; t < CURRENCIES; ++t) {
            for (uint256 i; i < PEOPLE; ++i) {
                _before[t][i] = purseOf(currencies[t], people[i]);
            }
            _potsBefore[t] = potsIn(currencies[t]);
            _heldBefore[t] = heldIn(currencies[t]);
        }
    }

    function purseOf(address token, address account) internal view returns (Purse memory) {
        return Purse(
            GATEWAY.earningsIn(token, account),
            GATEWAY.prepaidOf(account, token),
            balanceOf(token, account)
        );
    }

    function creditsIn(address token) public view returns (uint256 sum) {
        for (uint256 i; i < PEOPLE; ++i) {
            sum += GATEWAY.earningsIn(token, people[i]);
        }
    }

    function prepaidIn(address token) public view returns (uint256 sum) {
        for (uint256 i; i < PEOPLE; ++i) {
            sum += GATEWAY.prepaidOf(people[i], token);
        }
    }

    function potsIn(address token) public view returns (uint256 sum) {
        for (uint256 i; i < models.length; ++i) {
            sum += GATEWAY.potOf(models[i], token);
        }
    }

    function heldIn(address token) public view returns (uint256) {
        return balanceOf(token, address(GATEWAY));
    }

    function balanceOf(address token, address account) internal view returns (uint256) {
        return token == NATIVE ? account.balance : IERC20(token).balanceOf(account);
    }

    function give(address token, address account, uint256 amount) internal {
        if (token == NATIVE) vm.deal(account, account.balance + amount);
        else GoodToken(token).mint(account, amount);
    }

    function indexOf(address token) internal view returns (uint256 t) {
        while (currencies[t] != token) ++t;
    }
}
