/** The choice of a transport, and what the log says of it. */
import { assert, it } from "@effect/vitest"
import { Array, Effect, Logger, LogLevel } from "effect"
import { best, bestOf } from "../../src/transport/best.ts"
import { descriptorsThrough } from "../../src/transport/descriptors.ts"
import { loadLibc, loadLibcFrom } from "../../src/transport/Libc.ts"

/** What `effect` gives, and the lines it logs with their levels. */
const logged = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const lines: globalThis.Array<readonly [level: string, text: string]> = []
    const logger = Logger.make(({ logLevel, message }) => {
      lines.push([logLevel.label, Array.ensure(message).join(" ")])
    })
    const value = yield* Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger))
    return { value, lines }
  })

it.effect("descriptors are passed where koffi loads, and the log says so once", () =>
  Effect.gen(function* () {
    const { lines, value } = yield* logged(best())
    assert.isTrue(value.passesDescriptors)
    assert.deepStrictEqual(lines, [[LogLevel.Info.label, "vfio-user: messages with descriptors"]])
  })
)

it.effect("messages are the rest, with a warning that has the reason and the remedy", () =>
  Effect.gen(function* () {
    const absent = loadLibcFrom(() => Promise.reject(new Error("Cannot find package 'koffi'\nRequire stack: ...")))
    const { lines, value } = yield* logged(bestOf(Effect.map(absent, descriptorsThrough)))
    assert.isFalse(value.passesDescriptors)
    assert.lengthOf(lines, 1)
    assert.strictEqual(lines[0]?.[0], LogLevel.Warning.label)
    assert.include(lines[0]?.[1], "koffi does not load (Cannot find package 'koffi'); install it")
    assert.notInclude(lines[0]?.[1], "Require stack")
  })
)

it.effect("messages can be asked for", () =>
  Effect.gen(function* () {
    const { lines, value } = yield* logged(best({ messagesOnly: true }))
    assert.isFalse(value.passesDescriptors)
    assert.deepStrictEqual(lines, [[LogLevel.Info.label, "vfio-user: messages without descriptors, as asked for"]])
  })
)

it.effect("the C library names its errors, known and unknown", () =>
  Effect.gen(function* () {
    const libc = yield* loadLibc
    assert.strictEqual(libc.nameOf(32), "EPIPE")
    assert.strictEqual(libc.nameOf(4095), "errno 4095")
  })
)
