/** VERSION as it is agreed on: what a server must accept, and what it must answer. */
import { Effect, Either } from "effect"
import { Command } from "../../Command.ts"
import * as Version from "../../messages/Version.ts"
import { type Bench, good } from "../Bench.ts"
import { type Clause, clause, library, text, textOf } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { EINVAL } from "../errnos.ts"
import type { Wire } from "../Wire.ts"

/** A payload of VERSION with this text, ended by a NUL. */
export const proposalOf = (json: string, { ended = true, major = 0, minor = 1 } = {}): Uint8Array => {
  const bytes = new TextEncoder().encode(json)
  const payload = new Uint8Array(Version.headBytes + bytes.byteLength + (ended ? 1 : 0))
  const view = new DataView(payload.buffer)
  view.setUint16(0, major, true)
  view.setUint16(2, minor, true)
  payload.set(bytes, Version.headBytes)
  return payload
}

/** The answer to a proposal that must be accepted. */
const agreed = (wire: Wire, payload: Uint8Array): Effect.Effect<Version.Version, Broken> =>
  Effect.gen(function* () {
    const reply = yield* good(yield* wire.ask(Command.VERSION, payload))
    return yield* Either.mapLeft(
      Version.decode(reply.payload),
      ({ message }) => new Broken({ expected: "a version and JSON that a NUL ends", found: message })
    )
  })

const sameMajor = ({ major }: Version.Version): Either.Either<void, Broken> =>
  major === 0 ? Either.void : Either.left(new Broken({ expected: "major 0", found: `major ${major}` }))

/** The answer to a proposal of minor `proposed` has it or a smaller one. */
const minorUpTo =
  (proposed: number) =>
  ({ wire }: Bench) =>
    Effect.gen(function* () {
      const version = yield* agreed(wire, proposalOf("{}", { minor: proposed }))
      yield* sameMajor(version)
      if (version.minor > proposed) {
        return yield* new Broken({ expected: `minor ${proposed} or smaller`, found: `minor ${version.minor}` })
      }
    })

/** These proposals are accepted, each on a connection of its own. */
const accepted = (payloads: ReadonlyArray<Uint8Array>) => (bench: Bench) =>
  Effect.gen(function* () {
    yield* bench.leave
    for (const payload of payloads) {
      const wire = yield* bench.another
      yield* Effect.flatMap(agreed(wire, payload), sameMajor)
      yield* bench.over(wire).lives
      wire.close()
      yield* wire.ended
    }
  })

const hasSoundLimits = ({ wire }: Bench) =>
  Effect.gen(function* () {
    const { capabilities } = yield* agreed(wire, proposalOf('{"capabilities":{"max_msg_fds":8}}'))
    const { maxDataXferSize = 1, maxDmaMaps = 1, maxMsgFds = 1, migration, pageSizes = 4096 } = capabilities
    const wrong = [
      ...(maxMsgFds < 0 ? [`max_msg_fds ${maxMsgFds}`] : []),
      ...(maxDataXferSize <= 0 ? [`max_data_xfer_size ${maxDataXferSize}`] : []),
      ...(maxDmaMaps <= 0 ? [`max_dma_maps ${maxDmaMaps}`] : []),
      ...(pageSizes % 4096 === 0 && pageSizes > 0 ? [] : [`pgsizes ${pageSizes}`]),
      ...((migration?.pageSize ?? 4096) % 4096 === 0 ? [] : [`migration.pgsize ${migration?.pageSize}`])
    ]
    if (wrong.length > 0) {
      return yield* new Broken({ expected: "limits above 0 and page sizes from 4096 on", found: wrong.join(", ") })
    }
  })

/** After the first VERSION another one is an error, or ends the connection. */
const onlyOnce = (bench: Bench) =>
  Effect.gen(function* () {
    const { wire } = bench
    wire.send(Command.VERSION, proposalOf("{}"))
    const reply = yield* wire.next
    if (reply === undefined) return "the connection ends"
    if (reply.error !== EINVAL) {
      return yield* new Broken({ expected: "EINVAL for a second VERSION", found: `errno ${reply.error}` })
    }
    yield* bench.lives
    return "EINVAL, and the connection goes on"
  })

const sources = [textOf("VERSION"), library("lib/tran.c, tran_negotiate")]

export const negotiation: ReadonlyArray<Clause> = [
  clause({
    name: "version.reply",
    rule: "the reply to VERSION has major 0, a minor up to the proposed one, and a JSON object that a NUL ends",
    sources,
    opening: "raw",
    check: minorUpTo(1)
  }),
  clause({
    name: "version.minor",
    rule: "a client that proposes minor 0 is answered with minor 0",
    sources: [...sources, "QEMU hw/vfio-user/proxy.c, which refuses more"],
    opening: "raw",
    check: minorUpTo(0)
  }),
  clause({
    name: "version.newer",
    rule: "a newer minor than the server's is answered with the server's",
    sources,
    opening: "raw",
    check: minorUpTo(0xffff)
  }),
  clause({
    name: "version.defaults",
    rule: "capabilities may be left out, in whole or in part",
    sources,
    opening: "raw",
    check: accepted([new Uint8Array([0, 0, 1, 0]), proposalOf("{}"), proposalOf('{"capabilities":{}}')])
  }),
  clause({
    name: "version.unknown",
    rule: "keys that the server does not know are passed over",
    sources,
    opening: "raw",
    check: accepted([proposalOf('{"x":1,"capabilities":{"max_msg_fds":1,"org.example":{"a":[1,2]}}}')])
  }),
  clause({
    name: "version.limits",
    rule: "the limits that a server announces can be kept",
    sources,
    opening: "raw",
    check: hasSoundLimits
  }),
  clause({
    name: "version.once",
    rule: "the version is negotiated once",
    sources: [text("Connection Initiation"), library("lib/libvfio-user.c, handle_request")],
    check: onlyOnce
  })
]
