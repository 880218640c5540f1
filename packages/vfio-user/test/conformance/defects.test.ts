/** Defects planted in a server are found, each by the clauses that are about it, and by no other clause of the groups that are looked at. */
import { assert, it } from "@effect/vitest"
import { Command, Header, Message, Server } from "@stopcopy/vfio-user"
import { clauses, run } from "@stopcopy/vfio-user/conformance"
import { loadLibc, makeDescriptorHost, makeKitDescriptors, Transport } from "@stopcopy/vfio-user/transport"
import { Effect, Logger, LogLevel } from "effect"
import { join } from "node:path"
import { PciDevice } from "../support/PciDevice.ts"
import { socketFolder } from "../transport/kit.ts"
import { type Defect, type Passing, wrong } from "./wrong.ts"

const libc = await Effect.runPromise(loadLibc)
const host = makeDescriptorHost(libc)
const transport = Transport.descriptorsThrough(libc)

/** Clauses of these groups that fail, with what was found. */
const failing = (groups: ReadonlyArray<string>, make: () => Defect) =>
  Effect.gen(function* () {
    const path = join(yield* socketFolder, "device.sock")
    const server = yield* Server.serve(new PciDevice({ flags: 7 }), { host })
    yield* transport.listen(path, wrong(server.accept, make))
    const report = yield* run(
      {
        connect: (accept) => Effect.mapError(transport.connect(path, accept), ({ message }) => message),
        descriptors: makeKitDescriptors(libc),
        replyMillis: 1000
      },
      {
        clauses: clauses.filter(({ name }) => groups.some((group) => name.startsWith(group))),
        workloads: [],
        onResult: () => Effect.void
      }
    )
    return report.results.flatMap(({ clause, note, outcome }) =>
      outcome === "failed" ? [`${clause.name}: ${note}`] : []
    )
  }).pipe(Logger.withMinimumLogLevel(LogLevel.None))

const isError = ({ view }: Passing): boolean => (view.getUint32(8, true) & Header.errorReply) !== 0

/** The same message with a success in place of an error. */
const succeed = ({ command, id }: Passing, payload?: Uint8Array): Uint8Array =>
  Message.encodeReply(id, command, payload)

const change = ({ bytes, view }: Passing, edit: (view: DataView) => void): ReadonlyArray<Uint8Array> => {
  edit(view)
  return [bytes]
}

/** Turns refusals of a command into successes with a payload of so many bytes. */
const accepts =
  (commands: ReadonlyArray<number>, payloadBytes = 0) =>
  (): Defect => ({
    reply: (message) =>
      isError(message) && commands.includes(message.command)
        ? [succeed(message, new Uint8Array(payloadBytes))]
        : [message.bytes]
  })

/** Holds every other reply back until the next one has gone. */
const swaps = (): Defect => {
  let held: Uint8Array | undefined
  return {
    reply: ({ bytes, command }) => {
      if (command === Command.VERSION || command === Command.DEVICE_RESET) return [bytes]
      if (held === undefined) {
        held = bytes
        return []
      }
      const both = [bytes, held]
      held = undefined
      return both
    }
  }
}

const cases: ReadonlyArray<readonly [what: string, groups: ReadonlyArray<string>, found: RegExp, make: () => Defect]> =
  [
    ["nothing is wrong", ["header.", "irq.", "dma.", "data."], /^$/, () => ({})],
    [
      "replies have another id",
      ["header.echo"],
      /^header\.echo: expected a reply to VERSION with id 2, found one to VERSION with id 3$/,
      () => ({ reply: (message) => change(message, (view) => view.setUint16(0, message.id + 1, true)) })
    ],
    [
      "a command that wants no reply gets one",
      ["header."],
      /^header\.noReply: expected a reply to DEVICE_GET_INFO with id \d+, found one to DEVICE_GET_INFO with id \d+$/,
      () => ({
        request: (message) =>
          change(message, (view) => view.setUint32(8, view.getUint32(8, true) & ~Header.noReply, true))
      })
    ],
    [
      "an unknown command succeeds",
      ["header."],
      /^header\.command: expected an error for command 0, found success$/,
      accepts([0, 14, 19, 999, 0xffff])
    ],
    [
      "an error has errno 0",
      ["header.error", "header.echo"],
      /^header\.error: expected a positive Linux errno, found errno 0$/,
      () => ({ reply: (message) => change(message, (view) => view.setUint32(12, 0, true)) })
    ],
    [
      "every major version is agreed on",
      ["version."],
      /^version\.major: expected major 1 to be refused, found success$/,
      () => ({
        request: (message) =>
          message.command === Command.VERSION && message.size > 18
            ? change(message, (view) => view.setUint16(16, 0, true))
            : [message.bytes]
      })
    ],
    [
      "a newer minor is answered than was proposed",
      ["version."],
      /^version\.minor: expected minor 0 or smaller, found minor 1$/,
      () => ({
        reply: (message) =>
          message.command === Command.VERSION && !isError(message) && message.view.getUint16(18, true) === 0
            ? change(message, (view) => view.setUint16(18, 1, true))
            : [message.bytes]
      })
    ],
    [
      "replies come in another order",
      ["stream.together"],
      /^stream\.together: expected the reply to id 1 next, found the one to id 2$/,
      swaps
    ],
    [
      "registers behind the end of a region are 0",
      ["access."],
      /^access\.end: expected EINVAL for reading 1 bytes at 4096 of region 0, which has 4096, found success\naccess\.region: .*\naccess\.short: /,
      accepts([Command.REGION_READ], 20)
    ],
    [
      "maps may overlap",
      ["dma."],
      /^dma\.overlap: expected EEXIST or EINVAL for an overlapping map, found success$/m,
      accepts([Command.DMA_MAP])
    ],
    [
      "bools are not looked at",
      ["irq."],
      /^irq\.signal: expected 0 for a trigger with bool 0, found 1$/,
      () => ({
        request: (message) =>
          message.command === Command.DEVICE_SET_IRQS && message.size === 37
            ? change(message, (view) => view.setUint8(36, 1))
            : [message.bytes]
      })
    ],
    [
      "STOP_COPY leads to PRE_COPY",
      ["arc."],
      /^arc\.RUNNING\.ERROR: [^]*arc\.STOP_COPY\.PRE_COPY: expected EINVAL, found success$/m,
      accepts([Command.DEVICE_FEATURE], 16)
    ],
    [
      "data are told to be more than they are",
      ["data.reply"],
      /^data\.reply: expected argsz \d+, found argsz 7$/,
      () => ({
        reply: (message) =>
          message.command === Command.MIG_DATA_READ && !isError(message)
            ? change(message, (view) => view.setUint32(16, 7, true))
            : [message.bytes]
      })
    ],
    [
      "a reset that is refused in every state",
      ["reset."],
      /^reset\.RUNNING_P2P: expected success, found errno 16 in RUNNING_P2P\nreset\.PRE_COPY: .*\nreset\.PRE_COPY_P2P: .*$/m,
      () => ({
        request: (message, answer) => {
          if (message.command !== Command.DEVICE_RESET) return [message.bytes]
          answer(Message.encodeErrorReply(message.id, message.command, 16))
          return []
        }
      })
    ],
    [
      "the connection ends with the first refused feature",
      ["feature."],
      /^feature\.malformed: expected a reply, found the end of the connection\n/,
      () => ({
        reply: (message, end) => {
          if (message.command === Command.DEVICE_FEATURE && isError(message)) end()
          return [message.bytes]
        }
      })
    ]
  ]

for (const [what, groups, found, make] of cases) {
  it.scopedLive(what, () => Effect.map(failing(groups, make), (failures) => assert.match(failures.join("\n"), found)))
}
