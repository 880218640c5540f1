/** Every rule broken alone gets its own refusal, from each reader that has the rule; no rule is left without a test. */
import type { Refusal } from "@stopcopy/errno"
import { assert, describe, it } from "@effect/vitest"
import { type Compatibility, decodeBlock, encodeBlock, RegisterFile, validateBlock } from "@stopcopy/qat"
import { Either } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { slasOfVf } from "../../src/Compatibility.ts"
import { judgeSetup, loadState, openSetup } from "../../src/mstate/Load.ts"
import { collect, target } from "../../src/RegisterTrace.ts"
import { type Broken, broken } from "../support/Broken.ts"
import { sampleBlock, samplePf, vfNumber } from "../support/Sample.ts"

type Case = Pick<Broken, "bytes" | "length" | "memory" | "pf">

const load = ({ bytes, length = 4096, memory, pf = samplePf }: Case): Refusal | undefined => {
  const opened = openSetup(bytes, length)
  if (Either.isLeft(opened)) return opened.left.refusal
  const bad = judgeSetup(opened.right, pf)
  if (bad !== undefined) return bad
  const trace = collect(memory ?? RegisterFile.reset(), memory === undefined ? "derived" : "memory")
  const loaded = loadState(bytes, opened.right.end, target(trace, slasOfVf(pf, vfNumber)))
  return Either.isLeft(loaded) ? loaded.left.refusal : undefined
}

const decode = ({ bytes }: Case): Refusal | undefined => {
  const result = decodeBlock(bytes)
  return Either.isLeft(result) ? result.left.refusal : undefined
}

/** Exactly one rule is broken, so there is exactly one refusal. */
const validate = ({ bytes, pf = samplePf }: Case): Refusal | undefined => {
  const found = validateBlock(bytes, pf, vfNumber)
  assert.isAtMost(found.length, 1)
  return found[0]
}

const finders = { decode, validate, load } as const
const names = ["decode", "validate", "load"] as const

describe("each rule broken alone", () => {
  for (const [index, one] of broken.entries()) {
    it(`${index}: ${one.code} at ${one.where} is refused by ${one.by.join(", ")} and by no other`, () => {
      for (const name of names) {
        const refusal = finders[name](one)
        const { code, where, source, destination } = one
        if (!one.by.includes(name)) assert.isFalse(refusal?.code === code && refusal.destination === destination, name)
        else {
          assert.deepInclude(refusal, { code, where, source, destination }, name)
          assert.isNotEmpty(refusal?.rule)
          assert.isNotEmpty(refusal?.remedy)
        }
      }
    })
  }
})

it("the block from which all these are made is refused by nobody", () => {
  for (const slas of [0, 1, 2, 3, 4]) {
    const bytes = encodeBlock(sampleBlock(slas))
    for (const name of names) assert.isUndefined(finders[name]({ bytes }), name)
  }
})

it("a code stands for one rule", () => {
  const rules = new Map<string, string>()
  for (const one of broken) {
    for (const name of one.by) {
      const { code, rule } = finders[name](one) ?? { code: "", rule: "" }
      assert.strictEqual(rules.get(code) ?? rule, rule, code)
      rules.set(code, rule)
    }
  }
  for (const code of rules.keys()) assert.match(code, /^[a-z0-9_]+(\.[a-z0-9_]+)+$/)
  assert.strictEqual(rules.size, new Set(broken.map(({ code }) => code)).size)
})

const folder = new URL("../../src/", import.meta.url)
const sources = ["Compatibility.ts", ...readdirSync(new URL("mstate/", folder)).map((name) => `mstate/${name}`)].map(
  (name) => readFileSync(new URL(name, folder), "utf8")
)

/** Code literals of the sources; what a template fills in may be any word. */
const patterns = new Set(
  sources
    .flatMap((text) => [...text.matchAll(/code: ["`](mstate\.[^"`]*)["`]/g)])
    .map(([, code = ""]) => code.replace(/\$\{[^}]*\}/g, "*"))
)

it("every code in the sources has a block that gets it, and every block's code is in the sources", () => {
  assert.isAtLeast(patterns.size, 15)
  const matchers = [...patterns].map(
    (pattern) => [pattern, new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[A-Za-z_0-9]+")}$`)] as const
  )
  const unused = matchers.filter(([, matcher]) => !broken.some(({ code }) => matcher.test(code)))
  assert.deepStrictEqual(
    unused.map(([pattern]) => pattern),
    []
  )
  const unknown = broken.filter(({ code }) => !matchers.some(([, matcher]) => matcher.test(code)))
  assert.deepStrictEqual(
    unknown.map(({ code }) => code),
    []
  )
  const written = sources.join("\n").match(/\bcode: (?!number)/g) ?? []
  const read = sources.join("\n").match(/code: ["`]mstate\./g) ?? []
  assert.strictEqual(written.length, read.length, "a code that is not written as a literal cannot be checked here")
})

it("a destination with more than the source needs takes the block", () => {
  const [first, ...others] = samplePf.slas
  assert.isDefined(first)
  const generous: Compatibility.PfFacts = {
    ...samplePf,
    gencap: 0xffff_ffff,
    extdc: 0x8000_0003,
    slas: [...others, { ...first, cir: first.cir + 1, pir: first.pir + 1 }]
  }
  const bytes = encodeBlock(sampleBlock(4))
  assert.isUndefined(validate({ bytes, pf: generous }))
  assert.isUndefined(load({ bytes, pf: generous }))
})

it("validate names all that is wrong at once", () => {
  const bytes = encodeBlock(sampleBlock(1))
  const view = new DataView(bytes.buffer)
  view.setUint32(48, 0xffff_ffff, true)
  view.setUint16(68, 0, true)
  view.setUint32(122 + 8, 0, true)
  view.setUint8(90, 0)
  const found = validateBlock(bytes, { ...samplePf, rateLimiting: false }, vfNumber)
  assert.deepStrictEqual(
    found.map(({ code }) => code),
    ["mstate.gencap.superset", "mstate.svcmap.equal", "mstate.state.magic"]
  )
})
