/**
 * `migfile.json`: sequences of reads, writes, ioctls, walks and resets on one device. Afterwards the device is rebuilt from
 * its journal in a fresh set of actors and must be the same.
 */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import { Vf, type VfState } from "@stopcopy/qat"
import { ActorSystem, Journal } from "@stopcopy/runtime"
import { MigrationStates } from "@stopcopy/vfio"
import { Effect, Layer, Schema } from "effect"
import { type Config, deviceOf } from "./Config.ts"
import { type Case, type Expect, type Op } from "./MigFileCase.ts"
import { compare } from "./Mismatch.ts"
import { type Given, perform, type Sequence, start } from "./Sequence.ts"

const compareTransfer = (expect: Expect, { bytes }: Given): ReadonlyArray<string> => {
  if (expect.sha256 === undefined || bytes === undefined) return compare("sha256", expect.sha256, undefined)
  return [
    ...compare("sha256", expect.sha256, bytesToHex(sha256(bytes))),
    ...compare("data", expect.data ?? null, expect.data === undefined ? null : bytesToHex(bytes))
  ]
}

/** The precopy info in the words of the vectors: 64-bit values as text. */
const outOf = (out: Given["out"]) =>
  out === undefined
    ? undefined
    : {
        argsz: out.argsz,
        flags: out.flags,
        initial_bytes: out.initialBytes.toString(),
        dirty_bytes: out.dirtyBytes.toString()
      }

const expectedOut = ({ out }: Expect) =>
  out === undefined
    ? undefined
    : { ...out, initial_bytes: BigInt(out.initial_bytes).toString(), dirty_bytes: BigInt(out.dirty_bytes).toString() }

const compareOp = (op: Op, given: Given, state: VfState.Vf): ReadonlyArray<string> => {
  const { expect } = op
  return [
    ...compare("ret", expect.ret, given.ret),
    ...compare("state", expect.state, MigrationStates.toNumber(state.migrationState)),
    ...compare("setup_size", expect.setup_size, state.setupSize),
    ...compare("remote_setup_size", expect.remote_setup_size, state.remoteSetupSize),
    ...compare("path", expect.path, given.path),
    ...compare("fd", expect.fd, given.fd),
    ...compare("value", expect.value, given.value),
    ...compare("out", expectedOut(expect), outOf(given.out)),
    ...(op.op === "read" && given.ret > 0 ? compareTransfer(expect, given) : [])
  ]
}

const runOps = (sequence: Sequence, ops: ReadonlyArray<Op>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    for (const [index, op] of ops.entries()) {
      const given = yield* perform(sequence, op)
      const mismatches = compareOp(op, given, sequence.driver.vf.unsafeState())
      lines.push(...mismatches.map((line) => `op ${index} ${op.op}: ${line}`))
    }
    return lines
  })

const encodeState = Schema.encode(Vf.behavior.state)

/** The VF as the journal alone has it. */
const replayed = Effect.gen(function* () {
  const system = yield* ActorSystem
  return (yield* system.actor(Vf.behavior, "0000:6b:00.1")).unsafeState()
}).pipe(Effect.provide(Layer.fresh(ActorSystem.layer)))

/** Runs one sequence; `config` and `blobs` are the file's. */
export const run = (one: typeof Case.Type, config: Config, blobs: Readonly<Record<string, Uint8Array>>) =>
  Effect.gen(function* () {
    const sequence = yield* start(config, blobs)
    const lines = yield* runOps(sequence, one.ops)
    const live = sequence.driver.vf.unsafeState()
    const again = yield* replayed
    return [
      ...lines,
      ...compare("final", one.final, deviceOf(live)),
      ...compare("state from the journal", yield* encodeState(live), yield* encodeState(again))
    ]
  }).pipe(Effect.provide(ActorSystem.layer), Effect.provide(Journal.layerMemory))
