/** Tests run on the packages' sources: no build is needed before them. */
import { defineConfig } from "vitest/config"

const conditions = ["@stopcopy/source"]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 60_000
  }
})
