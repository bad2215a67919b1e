// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

// Compiles the examples, through the IR pipeline as `foundry.toml` says, so that tests can deploy them
// by artifact.
import {PriceHistoryInference} from "../../examples/solidml/PriceHistoryInference.sol";
import {PriceStatistics} from "../../examples/solidml/PriceStatistics.sol";
import {VolatilityModel} from "../../examples/solidml/VolatilityModel.sol";
