/** `stopcopy record`: client and server behave as without it, and the journal tells all that was said and nothing that must not be told. */
import { assert, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { conformance } from "../../src/conformance/conformance.ts"
import { verify } from "../../src/inspect/verify.ts"
import { why } from "../../src/inspect/why.ts"
import { type RecordOptions, record } from "../../src/record/record.ts"
import { replay } from "../../src/replay/replay.ts"
import { answerOf, linesOf, refusalOf, replayOptions } from "../commands.ts"
import { folder, serveVf } from "../conformance/device.ts"
import { missingFrom } from "../shown.ts"
import { clientOf, eventsOf, recording } from "./recording.ts"

const configRegion = 7
const lineAt = 0x3c

const clausesOf = (socket: string, only: ReadonlyArray<string> = []) =>
  Effect.promise(() =>
    answerOf(conformance({ socket: Option.some(socket), only, list: false, json: false, junit: Option.none() }))
  )

it.scopedLive("every clause holds through the recorder, and the journal is sound", () =>
  Effect.gen(function* () {
    const { journal, socket, stop } = yield* recording()
    const { failure, lines } = yield* clausesOf(socket)
    assert.deepStrictEqual(
      lines.filter((line) => !line.startsWith("pass  ")).map((line) => line.split(":", 1)[0]),
      ["skip  feature.absent", lines.at(-1)?.split(":", 1)[0]]
    )
    assert.isUndefined(failure)
    yield* stop
    const [first = ""] = yield* Effect.promise(() => linesOf(verify({ files: [journal], json: false })))
    assert.strictEqual(first, "wire.db: all is well")
    const events = yield* eventsOf(journal)
    const ends = events.filter(({ payload }) => payload._tag === "ConnectionClosed").length
    assert.isAbove(ends, 200)
    assert.strictEqual(events.filter(({ payload }) => payload._tag === "ConnectionOpened").length, ends)
    // Descriptors went through, and are counted.
    assert.isTrue(events.some(({ payload }) => payload._tag === "MessageForwarded" && payload.descriptors === 2))
  })
)

it.scopedLive("the state of a wire is what was said on it", () =>
  Effect.gen(function* () {
    const { journal, socket, stop } = yield* recording()
    yield* Effect.scoped(
      Effect.gen(function* () {
        const client = yield* clientOf(socket)
        yield* client.writeWord(configRegion, lineAt, 1, 7)
        assert.strictEqual(yield* client.readWord(configRegion, lineAt, 1), 7)
        assert.strictEqual((yield* Effect.flip(client.readWord(99, 0, 4)))._tag, "EINVAL")
        yield* client.reset
      })
    )
    yield* Effect.scoped(Effect.flatMap(clientOf(socket), (client) => client.info))
    yield* stop
    const at = replayOptions([journal], { stream: Option.some("wire/vf"), at: Option.some("4") })
    const early = yield* Effect.promise(() => linesOf(replay(at)))
    assert.includeMembers(
      [...early],
      ["  migrationState: none", "      version: 0.1", "          command: REGION_WRITE"]
    )
    const events = yield* eventsOf(journal)
    const tags = events.map(({ payload }) => payload._tag)
    assert.deepStrictEqual(
      tags.filter((tag) => tag !== "MessageForwarded"),
      ["ConnectionOpened", "ConnectionClosed", "ConnectionOpened", "ConnectionClosed"]
    )
    const read = events.find(({ payload }) => payload._tag === "MessageForwarded" && payload.command === "REGION_READ")
    assert.deepInclude(read?.payload, { direction: "to server", size: 32, errno: 0, rest: null })
  })
)

it.scopedLive("the README shows what is recorded, and why", () =>
  Effect.gen(function* () {
    const { journal, socket, stop } = yield* recording({ fault: ["errno REGION_WRITE 2 EBUSY"] })
    yield* Effect.scoped(
      Effect.gen(function* () {
        const client = yield* clientOf(socket)
        yield* client.writeWord(configRegion, lineAt, 1, 7)
        assert.strictEqual((yield* Effect.flip(client.writeWord(configRegion, lineAt, 1, 8)))._tag, "EBUSY")
        assert.strictEqual(yield* client.readWord(configRegion, lineAt, 1), 7)
      })
    )
    yield* stop
    const at = { stream: Option.some("wire/vf"), at: Option.some("4") }
    const commands = [
      replay(replayOptions([journal])),
      why({ file: journal, point: "7", others: [], json: false }),
      replay(replayOptions([journal], at))
    ]
    const outputs = yield* Effect.promise(() => Promise.all(commands.map((command) => linesOf(command))))
    assert.deepStrictEqual(missingFrom("record", outputs.flat()), [])
  })
)

it.scopedLive("an answer was led to by its request, and that by the connection", () =>
  Effect.gen(function* () {
    const { journal, socket, stop } = yield* recording()
    yield* Effect.scoped(Effect.flatMap(clientOf(socket), (client) => client.info))
    yield* stop
    const events = yield* eventsOf(journal)
    const reply = events.find(
      ({ payload }) =>
        payload._tag === "MessageForwarded" && payload.command === "DEVICE_GET_INFO" && payload.flags === 1
    )
    const point = String(reply?.sequence)
    const lines = yield* Effect.promise(() => linesOf(why({ file: journal, point, others: [], json: false })))
    const text = lines.join("\n")
    assert.match(text, /ConnectionOpened[^]*MessageForwarded[^]*direction=.?to server[^]*MessageForwarded[^]*to client/)
  })
)

it.scopedLive("data of the guest are not in the journal, unless they are asked for", () =>
  Effect.gen(function* () {
    const secret = new TextEncoder().encode("a key of the guest")
    for (const payloads of [false, true]) {
      const { journal, socket, stop } = yield* recording({ payloads })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* clientOf(socket)
          yield* Effect.exit(client.writeRegion(configRegion, 0x40, secret))
        })
      )
      yield* stop
      const text = readFileSync(journal).toString("latin1") + readFileSync(journal).toString("base64")
      const writes = (yield* eventsOf(journal)).flatMap(({ payload }) =>
        payload._tag === "MessageForwarded" && payload.command === "REGION_WRITE" && payload.flags === 0
          ? [payload]
          : []
      )
      assert.strictEqual(writes.length, 1)
      const kept = Buffer.from(writes[0]?.payload ?? []).includes(Buffer.from(secret))
      assert.strictEqual(kept, payloads)
      assert.strictEqual(writes[0]?.rest?.bytes, payloads ? undefined : secret.byteLength)
      assert.strictEqual(text.includes("a key of the guest"), false)
    }
  })
)

it.scopedLive("a server that is not there ends the client's connection, and the journal says why", () =>
  Effect.gen(function* () {
    const { journal, socket, stop } = yield* recording({ connect: "/nowhere/vf.sock" })
    for (let times = 0; times < 2; times++) {
      const failed = yield* Effect.scoped(Effect.flip(clientOf(socket)))
      assert.strictEqual(failed._tag, "Disconnected")
    }
    yield* stop
    const ends = (yield* eventsOf(journal)).flatMap(({ payload }) =>
      payload._tag === "ConnectionClosed" ? [`${payload.connection} ${payload.by}: ${payload.reason}`] : []
    )
    assert.deepStrictEqual(ends, [
      "1 server: connect to /nowhere/vf.sock: ENOENT",
      "2 server: connect to /nowhere/vf.sock: ENOENT"
    ])
  })
)

const wrong = (given: Partial<RecordOptions>) =>
  record({
    listen: "a.sock",
    connect: "b.sock",
    journal: "/nowhere/wire.db",
    name: Option.none(),
    payloads: false,
    fault: [],
    ...given
  })

it("says in one line what it cannot do, all faults at once", async () => {
  const fault = ["drop NOTHING 3", "lose REGION_READ 1", "delay REGION_READ x", "errno REGION_READ 1 EWHAT"]
  assert.strictEqual(
    await refusalOf("Misuse", wrong({ fault })),
    "--fault 'drop NOTHING 3': 'NOTHING' is no command; --fault 'lose REGION_READ 1': 'lose' is no fault, use drop, delay, errno, cut, corrupt; --fault 'delay REGION_READ x': 'x' is no number from 1 on, a rule is 'delay COMMAND N MILLIS'; --fault 'errno REGION_READ 1 EWHAT': 'EWHAT' is no ERRNO"
  )
  assert.include(await refusalOf("Misuse", wrong({})), "there is no folder /nowhere")
  assert.include(await refusalOf("Misuse", wrong({ connect: "a.sock" })), "--listen and --connect are both a.sock")
  assert.include(await refusalOf("Misuse", wrong({ name: Option.some("a/b") })), "--name 'a/b'")
})

it.scopedLive("a journal that is there is left alone", () =>
  Effect.gen(function* () {
    const { journal } = yield* recording()
    writeFileSync(`${journal}.old`, "old")
    const message = yield* Effect.promise(() => refusalOf("Misuse", wrong({ journal: `${journal}.old` })))
    assert.include(message, "exists already: give the recorder's journal a new name")
    assert.strictEqual(readFileSync(`${journal}.old`, "utf8"), "old")
  })
)

it.scopedLive("a socket that cannot be listened on is refused before a journal is made", () =>
  Effect.gen(function* () {
    const at = yield* folder
    const [journal, taken] = [join(at, "wire.db"), join(at, "vf.sock")]
    yield* serveVf(taken)
    const options = { connect: join(at, "b.sock"), journal, name: Option.some("vf"), payloads: false, fault: [] }
    const refused = (listen: string) => Effect.promise(() => refusalOf("Misuse", record({ ...options, listen })))
    assert.include(yield* refused(taken), `another server listens on ${taken}`)
    const nowhere = join(at, "absent/a.sock")
    assert.match(
      yield* refused(nowhere),
      /^--listen .*absent\/a\.sock: .*ENOENT; name a socket in a folder that is there/
    )
    assert.isFalse(existsSync(journal))
  })
)
