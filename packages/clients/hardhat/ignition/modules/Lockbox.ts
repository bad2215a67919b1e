import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

export default buildModule("LockboxModule", (m) => {
  const opens = m.getParameter("opens", 4_102_444_800n); // The year 2100.
  const lockbox = m.contract("Lockbox", [opens], { value: 10n ** 18n });
  return { lockbox };
});
