/** DEVICE_FEATURE apart from what the features do: its operations, its room, its data. */
import { DeviceFeature as Vfio } from "@stopcopy/vfio"
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import type { Bench } from "../Bench.ts"
import { type Clause, clause, library, textOf, uapi } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { EINVAL, ENOTTY } from "../errnos.ts"
import { feature, GET, getFeature, getState, none, PROBE, SET, wordAt } from "../requests.ts"

const state = Vfio.MIG_DEVICE_STATE.index
const flags = Vfio.MIGRATION.index
const refusal = [EINVAL, ENOTTY]

const refuse = (bench: Bench, what: string, payload: Uint8Array) =>
  bench.refuses(what, Command.DEVICE_FEATURE, payload, refusal)

const malformed = (bench: Bench) =>
  Effect.gen(function* () {
    for (const length of [0, 4, 7]) yield* refuse(bench, `a payload of ${length} bytes`, getState().subarray(0, length))
    yield* refuse(bench, "an unknown feature", feature(0x7777 | GET, none, 4096))
    yield* refuse(bench, "an unknown operation", feature(flags | 0x80_0000, none, 4096))
    yield* bench.lives
  })

const operations = (bench: Bench) =>
  Effect.gen(function* () {
    yield* refuse(bench, "no operation", feature(flags, none, 16))
    yield* refuse(bench, "GET with SET", feature(state | GET | SET, new Uint8Array(8), 16))
    yield* refuse(bench, "SET of MIGRATION", feature(flags | SET, new Uint8Array(8), 16))
    yield* bench.lives
  })

const tooSmall = (bench: Bench) =>
  Effect.gen(function* () {
    yield* refuse(bench, "argsz 8 for GET of MIGRATION", feature(flags | GET, none, 8))
    yield* refuse(bench, "argsz 8 for GET of the state", feature(state | GET, none, 8))
    yield* refuse(bench, "argsz 2 for PROBE", feature(flags | GET | PROBE, none, 2))
    yield* bench.lives
  })

const cutShort = (bench: Bench) =>
  Effect.gen(function* () {
    const whole = feature(state | SET, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]), 16)
    yield* refuse(bench, "SET of the state without data", whole.subarray(0, 8))
    yield* refuse(bench, "SET of the state with 3 bytes", whole.subarray(0, 11))
    yield* bench.isIn("RUNNING")
  })

const probes = (bench: Bench) =>
  Effect.gen(function* () {
    for (const operation of [flags | GET, state | GET, state | SET, state | GET | SET]) {
      const payload = yield* bench.succeeds(Command.DEVICE_FEATURE, feature(operation | PROBE), 8)
      if (wordAt(payload, 4) !== (operation | PROBE)) {
        return yield* new Broken({
          expected: "the flags of the request",
          found: `0x${wordAt(payload, 4).toString(16)}`
        })
      }
    }
    yield* refuse(bench, "PROBE of SET of MIGRATION", feature(flags | SET | PROBE))
    yield* bench.isIn("RUNNING")
  })

const gets = (bench: Bench) =>
  Effect.gen(function* () {
    for (const index of [flags, state]) {
      const payload = yield* bench.succeeds(Command.DEVICE_FEATURE, getFeature(index, 100), 16)
      const [argsz, said] = [wordAt(payload, 0), wordAt(payload, 4)]
      if (payload.byteLength !== 16 || argsz !== 16 || (said & 0xffff) !== index) {
        return yield* new Broken({
          expected: `argsz 16 and feature ${index} in 16 bytes`,
          found: `argsz ${argsz} and flags 0x${said.toString(16)} in ${payload.byteLength} bytes`
        })
      }
    }
  })

const sources = [
  textOf("DEVICE_FEATURE"),
  uapi("struct vfio_device_feature"),
  library("lib/libvfio-user.c, handle_device_feature; test/py/test_migration.py")
]

const parts = (name: string, rule: string, check: Clause["check"]): Clause =>
  clause({ name, rule, sources, needs: ["migration"], check })

export const features: ReadonlyArray<Clause> = [
  clause({
    name: "feature.malformed",
    rule: "a request cut short, an unknown feature and an unknown operation are refused",
    sources,
    check: malformed
  }),
  clause({
    name: "feature.absent",
    rule: "a device without migration has none of its features",
    sources,
    needs: ["no migration"],
    check: (bench) => Effect.asVoid(refuse(bench, "GET of the state", getState()))
  }),
  parts("feature.operations", "an operation that a feature lacks is refused", operations),
  parts("feature.room", "a request without room for its reply is refused", tooSmall),
  parts("feature.short", "data cut short are refused, and change nothing", cutShort),
  parts("feature.probe", "PROBE says what there is, and does nothing", probes),
  parts("feature.get", "GET gives its head and its data", gets)
]
