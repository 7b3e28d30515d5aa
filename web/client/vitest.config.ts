import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

const conditions = ["theta-source", ...defaultServerConditions];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    environment: "node",
    include: ["test/**/*_test.ts"],
    // A hub and its peers take a while to start where many tests run at once.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
  },
});
