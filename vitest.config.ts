/** Tests run on the packages' sources: no build is needed before them. */
import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

const conditions = ["@stopcopy/source"]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "examples/*/test/**/*.test.ts",
      "test/**/*.test.ts"
    ],
    setupFiles: ["./test/setup.config.ts"],
    testTimeout: 60_000,
    // Importing effect costs 0.4 s: one process per core imports it once, not once per test file.
    pool: "forks",
    isolate: false,
    // Much is made and soon forgotten: a young generation of the usual 16 MB is collected so often that a tenth of the time goes there.
    poolOptions: { forks: { minForks: 1, maxForks: availableParallelism(), execArgv: ["--max-semi-space-size=64"] } },
    reporters: ["default", "json"],
    outputFile: { json: ".cache/vitest.json" }
  }
})
