/** Whole paths, the arcs of each feature set, and what an arc does to the session. */
import { assert, it } from "@effect/vitest"
import { MigrationStates, Path } from "@stopcopy/vfio"
import { Option } from "effect"

/** Every request that takes more than one arc with all features, as state numbers. */
const multiStep: ReadonlyArray<string> = [
  "152 1526 157 251 2513 2514 257 3152 314 315",
  "4152 413 415 41526 4157 513 514 526",
  "6251 673 62514 625 751 752 7514"
].flatMap((line) => line.split(" "))

const digits = (text: string): ReadonlyArray<number> => [...text].map(Number)
const show = ({ from, to }: Path.Arc): string => `${MigrationStates.toNumber(from)}${MigrationStates.toNumber(to)}`
const arcNames = (flags: number): ReadonlyArray<string> => Path.arcs(flags).map(show)

const pairs = Array.from({ length: 8 }, (_, from) => Array.from({ length: 8 }, (_, to) => [from, to] as const)).flat()

/** The arcs that any walk with these features takes, as `from` and `to` digits. */
const walkedArcs = (flags: number): ReadonlySet<string> =>
  new Set(
    pairs.flatMap(([from, to]) => {
      const states = [from, ...Path.walk(flags, from, to).path]
      return states.slice(1).map((state, index) => `${states[index]}${state}`)
    })
  )

it("requests of several arcs expand as the protocol lists them", () => {
  for (const text of multiStep) {
    const [from = -1, ...path] = digits(text)
    const to = path.at(-1) ?? -1
    const walk = Path.walk(7, from, to)
    assert.deepStrictEqual([walk.path, walk.end, walk.error], [path, to, undefined], text)
  }
})

it("the listed requests and the single arcs are all that succeed", () => {
  const succeeding = pairs.filter(([from, to]) => from !== to && Path.walk(7, from, to).error === undefined)
  const long = succeeding.filter(([from, to]) => Path.walk(7, from, to).path.length > 1)
  assert.deepStrictEqual(
    long.map(([from, to]) => `${from}${to}`).sort(),
    multiStep.map((text) => text.slice(0, 1) + text.slice(-1)).sort()
  )
  assert.strictEqual(succeeding.length - long.length, arcNames(7).length)
})

it("without P2P the ways are shorter", () => {
  assert.deepStrictEqual(Path.walk(5, 6, 3).path, [3])
  assert.deepStrictEqual(Path.walk(5, 6, 1).path, [2, 1])
  assert.deepStrictEqual(Path.walk(1, 2, 1).path, [1])
})

it("every path ends within four arcs and uses exactly the arcs of its feature set", () => {
  for (const flags of [0, 1, 2, 3, 4, 5, 6, 7]) {
    assert.deepStrictEqual([...walkedArcs(flags)].sort(), [...arcNames(flags)].sort(), `flags ${flags}`)
    for (const [from, to] of pairs) assert.isAtMost(Path.walk(flags, from, to).path.length, 4)
  }
})

it("the saving group stands at the ends of a path only, or the path stays within it", () => {
  const saving = (number: number | undefined): boolean => number === 3 || number === 6 || number === 7
  for (const [from, to] of pairs) {
    const states = [from, ...Path.walk(7, from, to).path]
    const inner = states.slice(1, -1).filter(saving)
    assert.isTrue(inner.length === 0 || states.every(saving), states.join(" "))
  }
})

it("to request the current state succeeds without an arc, whatever its number", () => {
  for (const number of [0, 3, 7, 9, 255, 0xffff_ffff]) {
    for (const flags of [0, 1, 7]) {
      assert.deepStrictEqual(Path.walk(flags, number, number), { path: [], end: number, error: undefined })
    }
  }
})

it("a refused request leaves the device where it is", () => {
  const walk = Path.walk(7, 3, 6)
  assert.deepStrictEqual([walk.path, walk.end, walk.error?.refusal?.code], [[], 3, "vfio.arc.blocked"])
})

it("a device implements the arcs of its features", () => {
  const always = ["13", "14", "31", "41"]
  assert.deepStrictEqual([...arcNames(1)].sort(), [...always, "12", "21"].sort())
  assert.deepStrictEqual([...arcNames(3)].sort(), [...always, "15", "25", "51", "52"].sort())
  assert.deepStrictEqual([...arcNames(5)].sort(), [...always, "12", "21", "26", "62", "63"].sort())
  const full = [...always, "15", "25", "51", "52", "26", "57", "62", "67", "73", "75", "76"]
  assert.deepStrictEqual([...arcNames(7)].sort(), full.sort())
  for (const flags of [0, 2, 4, 6]) assert.deepStrictEqual(arcNames(flags), [])
})

it("an arc opens, continues or ends its session", () => {
  const rules: ReadonlyArray<readonly [Path.SessionEffect, ReadonlyArray<string>]> = [
    ["opensSaving", ["13", "26", "57"]],
    ["continuesSaving", ["67", "76", "73", "63"]],
    ["endsSaving", ["31", "62", "75"]],
    ["opensResuming", ["14"]],
    ["completesLoad", ["41"]],
    ["none", ["12", "21", "25", "52", "51", "15"]]
  ]
  const state = (digit: string | undefined) => Option.getOrThrow(MigrationStates.fromNumber(Number(digit)))
  for (const [effect, arcs] of rules) {
    for (const name of arcs) {
      assert.strictEqual(Path.sessionEffect({ from: state(name[0]), to: state(name[1]) }), effect, name)
    }
  }
  const covered = new Set(rules.flatMap(([, arcs]) => arcs))
  for (const flags of [1, 3, 5, 7]) for (const name of arcNames(flags)) assert.isTrue(covered.has(name), name)
})

it("an arc's effect agrees with the sessions of its two states", () => {
  for (const flags of [1, 3, 5, 7]) {
    for (const arc of Path.arcs(flags)) {
      const [before, after] = [MigrationStates.facts[arc.from].session, MigrationStates.facts[arc.to].session]
      const expected: Record<string, Path.SessionEffect> = {
        "none none": "none",
        "none saving": "opensSaving",
        "saving saving": "continuesSaving",
        "saving none": "endsSaving",
        "none resuming": "opensResuming",
        "resuming none": "completesLoad"
      }
      assert.strictEqual(Path.sessionEffect(arc), expected[`${before} ${after}`], show(arc))
    }
  }
})

it("only the last arc of a request hands out a file", () => {
  for (const flags of [1, 3, 5, 7]) {
    for (const [from, to] of pairs) {
      const names = [from, ...Path.walk(flags, from, to).path].map((number) => MigrationStates.fromNumber(number))
      const states = names.flatMap(Option.toArray)
      const effects = states
        .slice(1)
        .map((next, index) => Path.sessionEffect({ from: states[index] ?? next, to: next }))
      for (const effect of effects.slice(0, -1)) assert.notInclude(["opensSaving", "opensResuming"], effect)
    }
  }
})
