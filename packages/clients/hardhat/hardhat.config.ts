import { fileURLToPath } from "node:url";
import { defineConfig } from "hardhat/config";
import hardhatIgnitionViem from "@nomicfoundation/hardhat-ignition-viem";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatNodeTestRunner from "@nomicfoundation/hardhat-node-test-runner";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import hardhatViemAssertions from "@nomicfoundation/hardhat-viem-assertions";

/** An ordinary Hardhat 3 project; only its network and where its compiler comes from are of this repository. */
export default defineConfig({
  plugins: [
    hardhatIgnitionViem,
    hardhatNetworkHelpers,
    hardhatNodeTestRunner,
    hardhatViem,
    hardhatViemAssertions,
  ],
  solidity: {
    version: "0.8.37",
    // The npm package of the compiler: nothing is downloaded.
    path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
    settings: { evmVersion: "osaka" },
  },
  networks: {
    devnet: {
      type: "http",
      chainType: "l1",
      url: process.env.RPC_URL ?? "http://127.0.0.1:8545",
    },
  },
});
