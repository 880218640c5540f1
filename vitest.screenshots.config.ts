/** Pictures of the console for the documentation, from a real run: `pnpm screenshots`. */
import { defineConfig } from "vitest/config"

const conditions = ["@stopcopy/source"]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["**/test/**/*.screens.ts"],
    testTimeout: 300_000,
    setupFiles: ["./test/setup.config.ts"],
    pool: "forks"
  }
})
