// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {RiskLendingMarket} from "../../examples/RiskLendingMarket.sol";
import {IRiskLendingMarket} from "../../examples/lending/IRiskLendingMarket.sol";
import {Risk} from "../../examples/models/Risk.sol";
import {ICandleRecorder} from "../../src/interfaces/ICandleRecorder.sol";
import {IInference} from "../../src/interfaces/IInference.sol";
import {LendingBench} from "../mocks/LendingBench.sol";
import {FeeToken, GoodToken, LyingToken} from "../mocks/Tokens.sol";

contract RiskLendingMarketTest is LendingBench {
    address private constant MODEL = address(0x215C);
    address private constant KEEPER = address(0x6EE9E2);

    function setUp() public {
        // A loss of 16 %, so a target of 75 %.
        useStub(16e18);
        openMarket(MODEL);
        fund(KEEPER);
    }

    function test_aLoanFromBeginningToEnd() public {
        uint256 shares = supply(ALICE, 10_000e18);
        pledge(BOB, 10e18);
        passHours(1);
        borrow(BOB, 5000e18);
        vm.assertEq(market.cash(), 5000e18);
        vm.assertEq(debtToken.balanceOf(BOB), 1_005_000e18);

        // Half is lent out: 2 % and half of 20 % a year.
        vm.warp(block.timestamp + 365 days);
        uint256 debt = market.debtOf(BOB);
        vm.assertTrue(debt >= 5600e18 && debt <= 5600e18 + 1, "rounded up");
        vm.assertEq(market.totalSupplied(), 10_600e18);
        vm.prank(BOB);
        vm.assertEq(market.repay(BOB, type(uint256).max), debt);
        vm.assertEq(market.debtOf(BOB), 0);
        // No debt, so no price is needed: the last one is a year old.
        vm.prank(BOB);
        market.withdrawCollateral(10e18, BOB);
        vm.prank(ALICE);
        uint256 assets = market.withdraw(shares, CAROL);
        vm.assertTrue(assets > 10_600e18 - 1e6 && assets <= 10_600e18, "interest");
        vm.assertEq(debtToken.balanceOf(CAROL), 1_000_000e18 + assets);
        vm.assertEq(debtToken.balanceOf(address(market)), market.cash());
        vm.assertEq(collateralToken.balanceOf(address(market)), 0);
    }

    function test_nothingIsLentBeforeTheModelHasAnswered() public {
        supply(ALICE, 10_000e18);
        pledge(BOB, 10e18);
        vm.expectRevert(
            abi.encodeWithSelector(IRiskLendingMarket.AboveLimit.selector, 10e18, uint256(0))
        );
        borrow(BOB, 10e18);
        passHour(PRICE);
        // It asks by itself.
        borrow(BOB, 10e18);
        vm.assertEq(market.target(), 0.75e18);
    }

    function test_theFactorRisesAndFallsByStepsOncePerHour() public {
        passHours(1);
        vm.assertEq(market.factor(), 0.32e18);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRiskLendingMarket.FactorNotDue.selector, block.timestamp + 1 hours
            )
        );
        market.updateFactor();
        passHours(30);
        vm.assertEq(market.factor(), 0.75e18);
        useStub(30e18);
        passHours(1);
        vm.assertEq(market.factor(), 0.745e18);
        vm.assertEq(market.target(), 0.61e18);
        vm.assertEq(market.borrowFactor(), 0.61e18);
    }

    function test_aLowerTargetHoldsAtOnceForNewLoansAndSlowlyForOldOnes() public {
        supply(ALICE, 100_000e18);
        pledge(BOB, 10e18);
        pledge(CAROL, 10e18);
        passHours(30);
        borrow(BOB, 14_999e18);
        useStub(30e18);
        passHour(PRICE);
        vm.expectPartialRevert(IRiskLendingMarket.AboveLimit.selector);
        borrow(CAROL, 12_500e18);
        borrow(CAROL, 12_000e18);
        vm.expectPartialRevert(IRiskLendingMarket.Healthy.selector);
        liquidate(KEEPER, BOB, type(uint256).max, 0);
        // Eight more half points, and the old loan has used up its gap.
        passHours(8);
        (, uint256 seized) = liquidate(KEEPER, BOB, type(uint256).max, 0);
        vm.assertTrue(seized > 0 && seized < 5e18, "part");
        (uint256 limit, uint256 liquidationLimit) = market.limitsOf(BOB);
        vm.assertTrue(market.debtOf(BOB) < liquidationLimit, "healthy again");
        vm.assertTrue(market.debtOf(BOB) > limit, "no new loan");
    }

    function test_withoutAnAnswerTheFactorStaysAndNewLoansAreClosed() public {
        supply(ALICE, 100_000e18);
        pledge(BOB, 10e18);
        pledge(CAROL, 1e18);
        passHours(30);
        borrow(BOB, 14_000e18);
        passHour(PRICE);
        STUB.set(Risk.CONTENT_HASH, 0, true);
        bytes memory failure = abi.encodeWithSelector(IInference.NotActivated.selector, MODEL);
        (uint256 factor, uint256 updatedAt) = (market.factor(), market.updatedAt());
        vm.expectRevert(failure);
        market.updateFactor();
        vm.expectRevert(failure);
        borrow(CAROL, 10e18);
        vm.expectRevert(failure);
        vm.prank(BOB);
        market.withdrawCollateral(1, BOB);
        vm.assertEq(market.factor(), factor);
        vm.assertEq(market.updatedAt(), updatedAt);

        // All else goes on.
        vm.prank(CAROL);
        market.withdrawCollateral(1e18, CAROL);
        supply(CAROL, 1e18);
        vm.prank(ALICE);
        market.withdraw(1e18, ALICE);
        vm.prank(BOB);
        market.repay(BOB, 1e18);
        RECORDER.record(feedId, PRICE * 8 / 10, 0);
        liquidate(KEEPER, BOB, type(uint256).max, 0);

        STUB.set(Risk.CONTENT_HASH, 16e18, false);
        market.updateFactor();
    }

    function test_aSilentFeedClosesLoansAndLiquidations() public {
        supply(ALICE, 100_000e18);
        pledge(BOB, 10e18);
        passHours(2);
        borrow(BOB, 100e18);
        vm.warp(block.timestamp + 2 hours);
        vm.expectPartialRevert(ICandleRecorder.StaleFeed.selector);
        borrow(BOB, 100e18);
        vm.expectPartialRevert(IRiskLendingMarket.StalePrice.selector);
        liquidate(KEEPER, BOB, 1, 0);
        vm.prank(BOB);
        market.repay(BOB, type(uint256).max);
    }

    function test_aLiquidationBringsTheLoanBackToTheFactor() public {
        (uint256 debt,) = wornLoan(PRICE * 93 / 100);
        vm.expectPartialRevert(IRiskLendingMarket.SeizedTooLittle.selector);
        liquidate(KEEPER, BOB, type(uint256).max, 10e18);
        (uint256 repaid, uint256 seized) = liquidate(KEEPER, BOB, type(uint256).max, 1);
        // For each 1.05 that goes, 1 is paid.
        uint256 worth = seized * 1860;
        vm.assertTrue(worth <= repaid * 105 / 100, "bonus");
        vm.assertTrue(worth + 1e6 > repaid * 105 / 100, "all the bonus");
        uint256 rest = market.debtOf(BOB);
        vm.assertTrue(rest >= debt - repaid && rest <= debt - repaid + 1, "rounded up");
        (uint256 limit,) = market.limitsOf(BOB);
        vm.assertTrue(market.debtOf(BOB) <= limit + 1e4, "at the factor");
        vm.assertTrue(market.debtOf(BOB) + 1e4 > limit, "no further");
        vm.expectPartialRevert(IRiskLendingMarket.Healthy.selector);
        liquidate(KEEPER, BOB, type(uint256).max, 0);
    }

    function test_whatNoCollateralCoversIsWrittenOff() public {
        (uint256 debt, uint256 supplied) = wornLoan(PRICE / 2);
        uint256 before = debtToken.balanceOf(KEEPER);
        // A part first: the debt stays, since there is collateral.
        liquidate(KEEPER, BOB, 1000e18, 1);
        uint256 rest = market.debtOf(BOB);
        vm.assertTrue(rest >= debt - 1000e18 && rest <= debt - 1000e18 + 1, "rounded up");
        (, uint256 seized) = liquidate(KEEPER, BOB, type(uint256).max, 1);
        uint256 paid = before - debtToken.balanceOf(KEEPER);
        // 10 at 1000, and 5 % less.
        vm.assertTrue(paid >= 9523e18 && paid <= 9524e18, "what it is worth");
        vm.assertLt(seized, 10e18);
        vm.assertEq(collateralToken.balanceOf(KEEPER), 1010e18);
        vm.assertEq(market.debtOf(BOB), 0);
        vm.assertEq(market.totalScaledDebt(), 0);
        vm.assertEq(market.squaredScaledDebt(), 0);
        vm.assertEq(market.totalCollateral(), 0);
        uint256 loss = supplied - market.totalSupplied();
        vm.assertTrue(loss + 2 > debt - paid && loss <= debt - paid + 2, "borne by suppliers");
        vm.assertEq(market.cash(), debtToken.balanceOf(address(market)));
    }

    /// @dev In one transaction nobody makes the market look other than it is.
    function test_whatStandsForNoTimeCountsNothing() public {
        supply(ALICE, 100_000e18);
        pledge(BOB, 10e18);
        pledge(CAROL, 10e18);
        passHours(20);
        borrow(BOB, 5000e18);
        borrow(CAROL, 5000e18);
        passHour(PRICE);
        // A tenth is lent out, half and half.
        this.expectFeatures(10e18, 50e18);
        uint256 shares = supply(KEEPER, 900_000e18);
        vm.prank(KEEPER);
        market.withdraw(shares, KEEPER);
        uint256 rest = market.sharesOf(ALICE) / 2;
        vm.prank(ALICE);
        market.withdraw(rest, ALICE);
        market.updateFactor();
    }

    function test_tokensThatMoveLessAreRefused() public {
        GoodToken[2] memory bad = [GoodToken(new FeeToken()), GoodToken(new LyingToken())];
        for (uint256 i; i < 2; ++i) {
            RiskLendingMarket other = marketOf(bad[i], collateralToken, MODEL);
            bad[i].mint(address(this), 1000);
            bad[i].approve(address(other), 1000);
            vm.expectPartialRevert(IRiskLendingMarket.WrongAmountReceived.selector);
            other.supply(1000);
            other = marketOf(debtToken, bad[i], MODEL);
            bad[i].approve(address(other), 1000);
            vm.expectPartialRevert(IRiskLendingMarket.WrongAmountReceived.selector);
            other.addCollateral(1000);
        }
    }

    function test_aTokenThatCallsBackIsShutOut() public {
        uint256 shares = supply(ALICE, 1000e18);
        bytes[7] memory calls = [
            abi.encodeCall(market.supply, (1)),
            abi.encodeCall(market.withdraw, (1, KEEPER)),
            abi.encodeCall(market.borrow, (1, KEEPER)),
            abi.encodeCall(market.repay, (BOB, 1)),
            abi.encodeCall(market.withdrawCollateral, (1, KEEPER)),
            abi.encodeCall(market.liquidate, (BOB, 1, 0)),
            abi.encodeCall(market.updateFactor, ())
        ];
        for (uint256 i; i < calls.length; ++i) {
            debtToken.setCall(address(market), calls[i]);
            vm.prank(ALICE);
            market.withdraw(shares / 10, ALICE);
            vm.assertTrue(!debtToken.succeeded(), "called back");
            vm.assertEq(
                bytes32(debtToken.failure()),
                bytes32(ReentrancyGuard.ReentrancyGuardReentrantCall.selector)
            );
        }
    }

    /// @dev The first supplier cannot make a share so dear that the next one's is rounded away.
    function test_theFirstSupplierTakesNothingOfTheNext() public {
        supply(BOB, 1);
        vm.prank(BOB);
        debtToken.transfer(address(market), 100_000e18);
        supply(ALICE, 1000e18);
        vm.assertTrue(market.suppliedBy(ALICE) >= 1000e18 - 1, "all hers");
    }

    function test_wrongAmountsAndRecipientsAreRefused() public {
        supply(ALICE, 1000e18);
        pledge(BOB, 1e18);
        passHours(2);
        bytes memory zero = abi.encodeWithSelector(IRiskLendingMarket.ZeroAmount.selector);
        vm.expectRevert(zero);
        market.supply(0);
        vm.expectRevert(zero);
        market.borrow(0, BOB);
        vm.expectRevert(zero);
        market.withdraw(0, BOB);
        address[2] memory wrong = [address(0), address(market)];
        for (uint256 i; i < 2; ++i) {
            bytes memory bad =
                abi.encodeWithSelector(IRiskLendingMarket.BadRecipient.selector, wrong[i]);
            vm.expectRevert(bad);
            market.borrow(1, wrong[i]);
            vm.expectRevert(bad);
            market.withdraw(1, wrong[i]);
            vm.expectRevert(bad);
            market.withdrawCollateral(1, wrong[i]);
        }
        vm.expectPartialRevert(IRiskLendingMarket.DebtTooSmall.selector);
        borrow(BOB, MIN_DEBT - 10);
        vm.expectPartialRevert(IRiskLendingMarket.NotEnoughCash.selector);
        borrow(BOB, 1001e18);
        vm.expectPartialRevert(IRiskLendingMarket.NotEnoughShares.selector);
        market.withdraw(1, BOB);
        vm.expectPartialRevert(IRiskLendingMarket.NotEnoughCollateral.selector);
        market.withdrawCollateral(1, BOB);
        vm.expectRevert(abi.encodeWithSelector(IRiskLendingMarket.NoDebt.selector, BOB));
        market.repay(BOB, 1);
        vm.expectPartialRevert(IRiskLendingMarket.Healthy.selector);
        market.liquidate(BOB, 1, 0);
    }

    function test_onlyAMarketThatMakesSenseIsBuilt() public {
        vm.expectPartialRevert(IRiskLendingMarket.SameToken.selector);
        marketOf(debtToken, debtToken, MODEL);
        STUB.set(keccak256("another"), 0, false);
        vm.expectPartialRevert(Risk.WrongModel.selector);
        marketOf(debtToken, collateralToken, MODEL);
        STUB.set(Risk.CONTENT_HASH, 0, false);
        feedId = RECORDER.openFeed("ETH", "USD", 30, 8, 0);
        vm.expectPartialRevert(IRiskLendingMarket.NotHourly.selector);
        marketOf(debtToken, collateralToken, MODEL);
    }

    function test_fuzz_theTargetIsWithinItsBounds(int256 haircut, int256 larger) public view {
        uint256 target = market.targetFor(haircut);
        vm.assertTrue(target >= 0.3e18 && target <= 0.85e18, "bounds");
        if (larger >= haircut) vm.assertGe(target, market.targetFor(larger));
    }

    /// @dev Neither by rounding nor by coming and going.
    function test_fuzz_nobodyLeavesWithMoreThanTheyBrought(
        uint128 first,
        uint128 second,
        uint128 part,
        uint32 elapsed
    ) public {
        (uint256 a, uint256 b) = (bound(first, 1, 1e24), bound(second, 1, 1e24));
        supply(ALICE, 10_000e18);
        pledge(CAROL, 10e18);
        passHours(2);
        borrow(CAROL, 6000e18);
        vm.warp(block.timestamp + elapsed);
        uint256 worth = market.suppliedBy(ALICE);
        debtToken.mint(BOB, 2e24);
        uint256 before = debtToken.balanceOf(BOB);
        uint256 shares = supply(BOB, a) + supply(BOB, b);
        uint256 some = bound(part, 1, shares);
        vm.prank(BOB);
        market.withdraw(some, BOB);
        if (some != shares) {
            vm.prank(BOB);
            market.withdraw(shares - some, BOB);
        }
        vm.assertGe(before, debtToken.balanceOf(BOB));
        vm.assertGe(market.suppliedBy(ALICE), worth);
    }

    /// @notice A call frame of its own: sets up what the stub must be asked.
    function expectFeatures(int256 utilisation, int256 concentration) external {
        int256[] memory features = new int256[](4);
        (features[0], features[1]) = (utilisation, concentration);
        // Interest of an hour moves the utilisation in the 7th digit: the stub is told what the books say.
        features[0] = int256(market.utilisation() * 100);
        vm.assertTrue(features[0] - utilisation < 1e15 && utilisation <= features[0], "a tenth");
        vm.mockCall(
            address(STUB), abi.encodeCall(IInference.inference, (MODEL, features)), answerOf(20e18)
        );
        STUB.set(Risk.CONTENT_HASH, 0, true);
    }

    function answerOf(int256 haircut) private pure returns (bytes memory) {
        int256[] memory output = new int256[](1);
        output[0] = haircut;
        return abi.encode(output);
    }

    /// @dev Bob has borrowed to the limit, then the price falls.
    function wornLoan(uint80 price) private returns (uint256 debt, uint256 supplied) {
        supply(ALICE, 100_000e18);
        pledge(BOB, 10e18);
        passHours(30);
        borrow(BOB, 14_999e18);
        RECORDER.record(feedId, price, 0);
        return (market.debtOf(BOB), market.totalSupplied());
    }

    function liquidate(address keeper, address borrower, uint256 most, uint256 least)
        private
        returns (uint256 repaid, uint256 seized)
    {
        vm.prank(keeper);
        return market.liquidate(borrower, most, least);
    }
}
