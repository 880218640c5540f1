/**
 * Ten million inputs of the same kind, in a hundred chunks with seeds 1 to 100. `SEED=37 pnpm soak` goes on at chunk 37;
 * `SEED=101` begins the next ten million.
 */
import { assert, it } from "@effect/vitest"
import { attack } from "../support/Attack.ts"

const chunk = 100_000
const chunks = 100

it("10,000,000 random and mutated inputs are read or refused, from inside only, alike by all readers", async () => {
  const first = Number(process.env["SEED"] ?? "1")
  assert.isTrue(Number.isSafeInteger(first) && first > 0, `SEED must be a whole number from 1, not ${first}`)
  const last = Math.ceil(first / chunks) * chunks
  const start = performance.now()
  for (let seed = first; seed <= last; seed++) {
    const { accepted, decoded, refused } = attack(seed, chunk)
    const seconds = ((performance.now() - start) / 1000).toFixed(0)
    process.stdout.write(
      `seed ${seed} of ${last}: ${chunk} inputs, ${decoded} decoded, ${accepted} acceptable, ` +
        `${refused.size} different first refusals; ${seconds} s so far\n`
    )
    // The test runner gives up on a worker that does not answer for a minute.
    await new Promise((resolve) => setImmediate(resolve))
  }
})
