import { defineConfig } from "@playwright/test";

/**
 * Real hubs, native peers and browsers. One worker: the tests share two cores with the processes that they start. No
 * retries: a test that fails once has found something.
 */
export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  outputDir: "../../build/web/tests",
  reporter: [["list"]],
  workers: 1,
  retries: 0,
  // Guards against hanging for ever; nothing is expected to take near as long.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  use: {
    browserName: "chromium",
    actionTimeout: 20_000,
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: process.env.THETA_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        // A machine with nothing but its loopback interface has no other address to offer.
        "--allow-loopback-in-peer-connection",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
      ],
    },
  },
});
