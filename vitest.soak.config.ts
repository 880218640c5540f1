/** Long runs of what the tests do briefly: `pnpm soak`. */
import { defineConfig } from "vitest/config"

const conditions = ["@stopcopy/source"]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["**/test/**/*.soak.ts"],
    // An hour: a soak is as long as its own number of runs.
    testTimeout: 3_600_000,
    setupFiles: ["./test/setup.config.ts"],
    pool: "forks"
  }
})
