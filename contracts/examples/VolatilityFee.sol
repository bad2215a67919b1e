// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Inference} from "fixpoint/libraries/Inference.sol";

/// @title A fee that follows a forecast of volatility
/// @notice Calm market, low fee; a nervous one costs more, as in a pool that has to pay for the
/// losses which its liquidity providers make when prices jump.
contract VolatilityFee {
    /// @notice Hourly returns that the model looks at.
    uint256 public constant WINDOW = 16;
    /// @notice Bounds of the fee, in hundredths of a percent.
    uint256 public constant MIN_FEE_BPS = 5;
    uint256 public constant MAX_FEE_BPS = 100;
    /// @notice Fee for each percent of volatility expected in the next hour.
    uint256 public constant FEE_BPS_PER_PERCENT = 20;

    /// @dev The forecasts at which the fee reaches its bounds, in percent with 18 decimals.
    int256 private constant MIN_FORECAST = 0.25e18;
    int256 private constant MAX_FORECAST = 5e18;

    /// @notice Root contract of the model: `WINDOW` hourly returns in percent, oldest first, to the
    /// next hour's volatility in percent.
    address public immutable model;
    /// @notice Who reports prices.
    address public immutable reporter;

    /// @notice The last price reported.
    uint256 public lastPrice;

    /// @dev A ring: `_next` is the oldest return, which the next one replaces.
    int256[WINDOW] private _returns;
    uint256 private _next;

    /// @notice Only the reporter may report.
    error NotReporter(address caller);
    /// @notice A price is positive and, times 10^20, fits a signed word.
    error BadPrice(uint256 price);
    /// @notice The first prices are one more than the returns between them.
    error PriceCount(uint256 got, uint256 want);

    /// @param model_ The forecasting model's root contract.
    /// @param prices The last `WINDOW + 1` hourly prices, oldest first, in any one unit.
    constructor(address model_, uint256[] memory prices) {
        if (prices.length != WINDOW + 1) revert PriceCount(prices.length, WINDOW + 1);
        model = model_;
        reporter = msg.sender;
        _checkPrice(prices[0]);
        lastPrice = prices[0];
        for (uint256 i = 1; i < prices.length; ++i) {
            _record(prices[i]);
        }
    }

    /// @notice Reports this hour's price.
    function report(uint256 price) external {
        if (msg.sender != reporter) revert NotReporter(msg.sender);
        _record(price);
    }

    /// @notice The fee now, in hundredths of a percent.
    function feeBps() external view returns (uint256) {
        (bool ok, int256 percent) = forecast();
        // No forecast, such as after a move beyond anything that the model knows: the highest fee.
        if (!ok) return MAX_FEE_BPS;
        if (percent >= MAX_FORECAST) return MAX_FEE_BPS;
        if (percent <= MIN_FORECAST) return MIN_FEE_BPS;
        // Between two positive bounds: the cast keeps the value, the product fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint256(percent) * FEE_BPS_PER_PERCENT / uint256(Inference.WAD);
    }

    /// @notice The volatility expected in the next hour.
    /// @return ok Whether the model gave an answer.
    /// @return percent Volatility in percent, with 18 decimals.
    function forecast() public view returns (bool ok, int256 percent) {
        int256[] memory window = new int256[](WINDOW);
        for (uint256 i; i < WINDOW; ++i) {
            window[i] = _returns[(_next + i) % WINDOW];
        }
        int256[] memory output;
        (ok, output,) = Inference.tryRun(model, window);
        if (ok) percent = output[0];
    }

    function _record(uint256 price) private {
        _checkPrice(price);
        // Checked prices fit a signed word.
        // forge-lint: disable-next-line(unsafe-typecast)
        (int256 last, int256 current) = (int256(lastPrice), int256(price));
        _returns[_next] = (current - last) * 100 * Inference.WAD / last;
        _next = (_next + 1) % WINDOW;
        lastPrice = price;
    }

    function _checkPrice(uint256 price) private pure {
        if (price == 0 || price > uint256(type(int256).max) / 1e20) revert BadPrice(price);
    }
}
