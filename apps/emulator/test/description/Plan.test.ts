/** What is wrong with a description, each mistake in one line with its place, its value and a remedy. */
import { assert, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { plan, type ServeOptions } from "../../src/description/Plan.ts"
import { problemLines } from "@stopcopy/service"
import { folder } from "../support/program.ts"

const options: ServeOptions = {
  config: undefined,
  pfs: [],
  slas: [],
  host: undefined,
  socketDir: "s",
  journal: "j",
  agent: "0",
  tokenFile: undefined,
  tlsCert: undefined,
  tlsKey: undefined,
  insecure: false,
  noDescriptors: false,
  drainSeconds: undefined,
  otlpUrl: undefined
}

const problems = (given: Partial<ServeOptions>): string =>
  Either.match(plan({ ...options, ...given }), { onLeft: problemLines, onRight: () => "" })

it("numbers that are none, or out of range", () => {
  for (const vfs of ["-1", "1.5", "x", "", "17"]) {
    const said = problems({ pfs: [`a=4xxx:${vfs}`] })
    assert.match(said, /^--pf a=4xxx:.*\.vfs: a number of VFs is a whole number from 1 to 16, not /)
  }
  assert.strictEqual(problems({ drainSeconds: -5 }), "--drain-seconds -5: is not 0 to 3600; give so many")
  assert.include(problems({ drainSeconds: Number.NaN }), "--drain-seconds NaN: is not 0 to 3600")
  assert.strictEqual(problems({ pfs: ["a=4xxx:1"], drainSeconds: 0 }), "")
})

it("a committed rate above the peak rate: the device would raise it, and the next start would find another description", () => {
  assert.strictEqual(
    problems({ pfs: ["a=4xxx:1"], slas: ["a/vf0=sym:900:100"] }),
    "--pf a=4xxx:1.slas[0]: the committed rate 900 is above the peak rate 100; make the peak rate 900 or more"
  )
  assert.strictEqual(problems({ pfs: ["a=4xxx:1"], slas: ["a/vf0=sym:900:900"] }), "")
})

it.scoped("files of another form", () =>
  Effect.gen(function* () {
    const config = join(yield* folder, "c.json")
    const said = (value: unknown) => {
      writeFileSync(config, JSON.stringify(value))
      return problems({ config }).replaceAll(config, "FILE")
    }
    assert.strictEqual(said([]), 'FILE: is a list; write an object with "pfs" and the rest')
    assert.strictEqual(said(null), 'FILE: is null; write an object with "pfs" and the rest')
    assert.strictEqual(said({ pfs: {} }), "FILE .pfs: is no list of PFs; write [ ... ]")
    assert.strictEqual(said({ pfs: [3] }), "FILE .pfs[0]: is an object, not 3")
    assert.strictEqual(
      said({ agent: 5, descriptors: "no" }),
      'FILE .agent: is text that is not empty, not 5\nFILE .descriptors: is true or false, not "no"'
    )
    assert.strictEqual(said({ drainSeconds: 3601 }), "--drain-seconds 3601: is not 0 to 3600; give so many")
    assert.strictEqual(said({ pfs: [{ name: "a", type: "4xxx", vfs: 1 }] }), "")
  })
)
