/** The proxy between two connections in memory: recorded first, paused where one side takes no more, ended where nothing can be recorded. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Journal, JournalFull } from "@stopcopy/runtime"
import { type Connection, Message } from "@stopcopy/vfio-user"
import { Effect, Layer } from "effect"
import { Conversation } from "../../src/record/Conversation.ts"
import { Faults } from "../../src/record/Fault.ts"
import { Recorder, type WireActor } from "../../src/record/Recorder.ts"
import { behavior } from "../../src/record/Wire.ts"

/** A connection that notes what is asked of it. */
class Noted implements Connection {
  readonly passesDescriptors = false
  readonly calls: Array<string> = []
  takesMore = true

  send(bytes: Uint8Array): boolean {
    this.calls.push(`send ${bytes.byteLength}`)
    return this.takesMore
  }

  pause(): void {
    this.calls.push("pause")
  }

  resume(): void {
    this.calls.push("resume")
  }

  close(): void {
    this.calls.push("close")
  }
}

/** The actor whose journal takes so many more turns. */
const limited = (actor: WireActor, turns: number): WireActor => {
  let left = turns
  return {
    stream: actor.stream,
    state: actor.state,
    unsafeState: () => actor.unsafeState(),
    position: actor.position,
    unsafePosition: () => actor.unsafePosition(),
    ask: (command) => (left-- > 0 ? actor.ask(command) : new JournalFull({ journal: "wire.db" })),
    askAll: (commands) => actor.askAll(commands),
    bound: actor.bound,
    until: (predicate) => actor.until(predicate)
  }
}

/** A conversation whose journal takes so many turns. */
const conversing = (turns: number) =>
  Effect.gen(function* () {
    const actor = yield* (yield* ActorSystem).actor(behavior, "vf")
    yield* actor.state
    const failures: Array<string> = []
    const recorder = new Recorder(limited(actor, turns), yield* Effect.runtime<never>(), (why) => failures.push(why))
    const [client, server, ends] = [new Noted(), new Noted(), new Array<string>()]
    const shared = { recorder, faults: new Faults([]), payloads: false, after: () => undefined }
    const conversation = new Conversation(shared, client, () => ends.push("ended"))
    conversation.begin()
    return { client, server, conversation, failures, ends, actor }
  })

const layer = Layer.provideMerge(ActorSystem.layer, Journal.layerMemory)
const request = Message.encodeCommand(1, 4, new Uint8Array(16))

it.scoped("a message waits for the server, and goes on when it is recorded", () =>
  Effect.gen(function* () {
    const { actor, client, conversation, server } = yield* conversing(10)
    conversation.fromClient.received(request, [])
    assert.deepStrictEqual([client.calls, actor.unsafePosition()], [["pause"], 1])
    conversation.fromServer(server)
    assert.deepStrictEqual(server.calls, ["send 32"])
    assert.deepStrictEqual([client.calls, actor.unsafePosition()], [["pause", "resume"], 2])
  }).pipe(Effect.provide(layer))
)

it.scoped("what cannot be recorded does not go on, and both connections end", () =>
  Effect.gen(function* () {
    const { client, conversation, ends, failures, server } = yield* conversing(2)
    const receiver = conversation.fromServer(server)
    conversation.fromClient.received(request, [])
    conversation.fromClient.received(request, [])
    receiver.received(Message.encodeReply(1, 4), [])
    assert.deepStrictEqual(server.calls, ["send 32", "close"])
    assert.strictEqual(client.calls.filter((call) => call === "close").length > 0, true)
    assert.isFalse(client.calls.some((call) => call.startsWith("send")))
    assert.deepStrictEqual([ends, failures.length], [["ended"], 1])
  }).pipe(Effect.provide(layer))
)

it.scoped("a side that takes no more pauses the other until it does", () =>
  Effect.gen(function* () {
    const { client, conversation, server } = yield* conversing(10)
    const receiver = conversation.fromServer(server)
    server.takesMore = false
    conversation.fromClient.received(request, [])
    assert.deepStrictEqual(client.calls.slice(2), ["pause"])
    receiver.drained()
    assert.deepStrictEqual(client.calls.slice(2), ["pause", "resume"])
  }).pipe(Effect.provide(layer))
)

it.scoped("what one side has sent goes on before the other one is closed", () =>
  Effect.gen(function* () {
    const { conversation, ends, server } = yield* conversing(10)
    conversation.fromServer(server)
    const receiver = conversation.fromClient
    receiver.received(request.subarray(0, 9), [])
    receiver.closed(undefined)
    assert.deepStrictEqual([server.calls, ends], [["send 9", "close"], ["ended"]])
  }).pipe(Effect.provide(layer))
)
