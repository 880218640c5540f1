/** MIG_DATA_READ and MIG_DATA_WRITE: limits, ends, pieces, and what becomes of data that are incomplete or wrong. */
import { MigrationStates } from "@stopcopy/vfio"
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import type { Bench } from "../Bench.ts"
import { type Clause, clause, library, textOf, uapi } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { EINVAL } from "../errnos.ts"
import { isGood } from "../Facts.ts"
import { dataRead, dataWrite, none, wordAt } from "../requests.ts"
import { saved } from "./sessions.ts"

const ends = (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.go("STOP_COPY")
    const data = yield* bench.save(bench.piece)
    if (data.byteLength === 0) return yield* new Broken({ expected: "data of the device", found: "none" })
    for (let times = 0; times < 3; times++) {
      const size = wordAt(yield* bench.succeeds(Command.MIG_DATA_READ, dataRead(16), 8), 4)
      if (size !== 0) return yield* new Broken({ expected: "no more data behind their end", found: `${size} bytes` })
    }
    return `${data.byteLength} bytes`
  })

const replyLength = (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.go("STOP_COPY")
    const met = new Set<string>()
    for (;;) {
      const payload = yield* bench.succeeds(Command.MIG_DATA_READ, dataRead(bench.piece), 8)
      const [argsz, size] = [wordAt(payload, 0), wordAt(payload, 4)]
      if (argsz !== 8 + size) return yield* new Broken({ expected: `argsz ${8 + size}`, found: `argsz ${argsz}` })
      if (payload.byteLength === 8 + size) met.add("the data alone, as the text has it")
      else if (payload.byteLength === 8 + bench.piece) met.add("padded to what was asked for, as libvfio-user does")
      else return yield* new Broken({ expected: `${8 + size} bytes`, found: `${payload.byteLength} bytes` })
      if (size === 0) return [...met].join(" and ")
    }
  })

const pieces = (bench: Bench) =>
  Effect.gen(function* () {
    const whole = yield* saved(bench)
    for (const piece of [97, 1000]) {
      yield* bench.go("STOP_COPY")
      const data = yield* bench.save(piece)
      yield* bench.go("RUNNING")
      if (data.byteLength !== whole.byteLength) {
        return yield* new Broken({
          expected: `${whole.byteLength} bytes in pieces of ${piece}`,
          found: `${data.byteLength}`
        })
      }
    }
    yield* bench.go("RESUMING")
    yield* bench.load(whole, 97)
    yield* bench.go("STOP")
    yield* bench.go("RUNNING")
  })

const wrongReads = (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.go("STOP_COPY")
    const refuse = (what: string, payload: Uint8Array) => bench.refuses(what, Command.MIG_DATA_READ, payload, [EINVAL])
    yield* refuse("no payload", none)
    yield* refuse("a payload of 4 bytes", dataRead(16).subarray(0, 4))
    yield* refuse("argsz below 8 + size", dataRead(16, 8))
    yield* refuse("a size of 2^31", dataRead(0x8000_0000))
    yield* bench.isIn("STOP_COPY")
    const data = yield* bench.save(bench.piece)
    if (data.byteLength === 0)
      return yield* new Broken({ expected: "that refused reads take no data", found: "none left" })
  })

const wrongWrites = (bench: Bench) =>
  Effect.gen(function* () {
    const data = yield* saved(bench)
    yield* bench.go("RESUMING")
    const four = new Uint8Array(4)
    const refuse = (what: string, payload: Uint8Array) => bench.refuses(what, Command.MIG_DATA_WRITE, payload, [EINVAL])
    yield* refuse("no payload", none)
    yield* refuse("a payload of 4 bytes", dataWrite(four).subarray(0, 4))
    yield* refuse("argsz below 8 + size", dataWrite(four, 4, 8))
    yield* refuse("less data than size", dataWrite(four, 5))
    yield* refuse("a size of 2^31", dataWrite(four, 0x8000_0000))
    // Nothing of that was taken: the session takes the data, and they are whole.
    yield* bench.load(data, bench.piece)
    yield* bench.go("STOP")
    yield* bench.go("RUNNING")
  })

/** Where a session of these data may end. What is refused leaves the device where a reset finds it. */
const judged = (bench: Bench, data: Uint8Array) =>
  Effect.gen(function* () {
    yield* bench.go("RESUMING")
    let refusedAt: number | undefined
    for (let at = 0; at < data.byteLength && refusedAt === undefined; at += bench.piece) {
      const reply = yield* bench.answers(Command.MIG_DATA_WRITE, dataWrite(data.subarray(at, at + bench.piece)))
      if (!isGood(reply)) refusedAt = at
    }
    const reply = yield* bench.request(MigrationStates.toNumber("STOP"))
    const found = MigrationStates.all[yield* bench.state] ?? "no state"
    const possible = isGood(reply) ? ["STOP"] : ["RESUMING", "STOP", "ERROR"]
    if (!possible.includes(found)) return yield* new Broken({ expected: possible.join(" or "), found })
    const early = refusedAt === undefined ? "" : `refused from byte ${refusedAt} on, then `
    return `${early}${isGood(reply) ? "accepted" : `errno ${reply.error}`}; the device is in ${found}`
  })

const incomplete = (bench: Bench) =>
  Effect.gen(function* () {
    const data = yield* saved(bench)
    return yield* judged(bench, data.subarray(0, Math.floor(data.byteLength / 2)))
  })

const corrupt = (bench: Bench) =>
  Effect.gen(function* () {
    const data = yield* saved(bench)
    return yield* judged(
      bench,
      data.map((byte) => byte ^ 0xff)
    )
  })

const oneStream = (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.go("PRE_COPY")
    const first = yield* bench.save(bench.piece)
    yield* bench.go("STOP_COPY")
    const rest = yield* bench.save(bench.piece)
    yield* bench.go("RUNNING")
    yield* bench.go("RESUMING")
    yield* bench.load(first, bench.piece)
    yield* bench.load(rest, bench.piece)
    yield* bench.go("STOP")
    yield* bench.go("RUNNING")
    return `${first.byteLength} bytes in PRE_COPY, ${rest.byteLength} in STOP_COPY`
  })

const anew = (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.go("PRE_COPY")
    yield* bench.succeeds(Command.MIG_DATA_READ, dataRead(16), 8)
    yield* bench.go("RUNNING")
    const data = yield* saved(bench)
    yield* bench.go("RESUMING")
    yield* bench.load(data, bench.piece)
    yield* bench.go("RUNNING")
  })

const reading = [textOf("MIG_DATA_READ"), library("lib/migration.c, handle_mig_data_read")]
const writing = [textOf("MIG_DATA_WRITE"), library("lib/migration.c, handle_mig_data_write")]
const loading = [uapi("VFIO_DEVICE_STATE_RESUMING"), ...writing]

const parts = (name: string, rule: string, sources: ReadonlyArray<string>, check: Clause["check"]): Clause =>
  clause({ name, rule, sources, needs: ["migration"], check })

export const data: ReadonlyArray<Clause> = [
  parts("data.end", "data end with an empty reply, and stay ended", reading, ends),
  parts("data.reply", "a reply says how many bytes it has", reading, replyLength),
  parts("data.pieces", "data are the same in pieces of any size, both ways", [...reading, ...writing], pieces),
  parts("data.read.malformed", "a malformed MIG_DATA_READ is refused, and takes no data", reading, wrongReads),
  parts("data.write.malformed", "a malformed MIG_DATA_WRITE is refused, and gives no data", writing, wrongWrites),
  parts("data.incomplete", "half of the data lead to no running device", loading, incomplete),
  parts("data.corrupt", "data that are none lead to no running device", loading, corrupt),
  clause({
    name: "data.precopy",
    rule: "data of PRE_COPY and STOP_COPY are one stream",
    sources: [uapi("VFIO_DEVICE_STATE_PRE_COPY"), ...reading],
    needs: ["PRE_COPY"],
    check: oneStream
  }),
  clause({
    name: "data.cancelled",
    rule: "a session that was given up leaves nothing to the next one",
    sources: [uapi("VFIO_DEVICE_STATE_PRE_COPY"), ...reading],
    needs: ["PRE_COPY"],
    check: anew
  })
]
