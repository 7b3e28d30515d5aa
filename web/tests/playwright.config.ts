import { defineConfig } from "@playwright/test";

/**
 * Real hubs, native peers and browsers. One worker: the tests share two cores with the processes that they start. No
 * retries: a test that fails once has found something.
 */
export default defineConfig({
  testDir: ".",
  // The pictures of the documentation are taken when they are asked for, and are no tests.
  ...(process.env.THETA_SCREENSHOTS === "1"
    ? { testMatch: "screenshots.spec.ts" }
    : { testMatch: "*.spec.ts", testIgnore: "screenshots.spec.ts" }),
  outputDir: "../../build/web/tests",
  reporter: [["list"]],
  workers: 1,
  retries: 0,
  // Guards against hanging for ever; nothing is expected to take near as long. On a busy machine the first picture of a
  // page alone, whose shaders the processor has to compile, can take half a minute.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  use: {
    browserName: "chromium",
    actionTimeout: 60_000,
    // The pictures are drawn by the processor here: small ones leave it time for what is tested.
    viewport: { width: 1000, height: 640 },
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
