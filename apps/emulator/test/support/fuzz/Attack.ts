/**
 * Clients at one VF, one after the other, until so many messages were sent: good conversations mutated, and noise. Each client negotiates, unless it is
 * one that begins with noise, and stays until the server ends the connection or it has had enough.
 */
import { Command, Header, Message, Messages } from "@stopcopy/vfio-user"
import type { Transport } from "@stopcopy/vfio-user/transport"
import { Effect } from "effect"
import { conversation } from "./Conversation.ts"
import { HostileClient, type Hostility } from "./HostileClient.ts"
import { mutated, randomStream, type Sent } from "./Mutation.ts"
import { oneIn } from "./Random.ts"

/** What was sent up to now, by all attacks of a run. */
export class Score {
  messages = 0
  connections = 0
  batches = 0
  answers = 0
  private readonly waiting = new Map<Effect.Latch, number>()

  /** A batch was sent. */
  sent(messages: number): void {
    this.messages += messages
    this.batches++
    for (const [latch, limit] of this.waiting) if (this.messages >= limit) latch.unsafeOpen()
  }

  /** Waits until so many messages were sent. */
  reached(messages: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      const latch = Effect.unsafeMakeLatch(this.messages >= messages)
      this.waiting.set(latch, messages)
      return Effect.ensuring(
        latch.await,
        Effect.sync(() => this.waiting.delete(latch))
      )
    })
  }
}

const capabilities = {
  maxMsgFds: 16,
  maxDataXferSize: 1024 * 1024,
  writeMultiple: true,
  extensions: { p2p: true, dataSize: true, precopyInfo: true }
}
const proposal = Message.encodeCommand(
  1,
  Command.VERSION,
  Messages.Version.encode({ major: 0, minor: 1, capabilities })
)
const version = { command: Command.VERSION, payload: proposal.subarray(Header.headerBytes) }

export const attack = (
  transport: Transport.Transport,
  path: string,
  hostility: Hostility,
  score: Score,
  isOver: () => boolean
): Effect.Effect<void, string> => {
  const { below } = hostility
  const connect = Effect.gen(function* () {
    const clients: Array<HostileClient> = []
    yield* transport.connect(path, (connection) => {
      const client = new HostileClient(connection, hostility)
      clients.push(client)
      return client
    })
    score.connections++
    const [client] = clients
    return client ?? (yield* Effect.dieMessage("a connection without a receiver"))
  })

  /** What a client says before it waits for the answers. */
  const batch = (): ReadonlyArray<Sent> => {
    const said = Array.from({ length: 1 + below(6) }, () => mutated(below, conversation(below))).flat()
    return oneIn(below, 100) ? [...said, randomStream(below)] : said
  }

  const talk = (client: HostileClient, messages: ReadonlyArray<Sent>) =>
    Effect.gen(function* () {
      client.send(messages)
      score.sent(messages.length)
      yield* oneIn(below, 50) ? client.leave : client.settled
    })

  /** Noise, or a proposal that is none. */
  const wrongStart = (client: HostileClient) =>
    Effect.suspend(() => {
      client.mayEnd()
      const noise = Array.from({ length: 1 + below(3) }, () => randomStream(below))
      return talk(client, oneIn(below, 2) ? noise : mutated(below, [version, ...conversation(below)]))
    })

  const visit = Effect.gen(function* () {
    const client = yield* connect
    if (oneIn(below, 8)) yield* wrongStart(client)
    else {
      client.send([{ bytes: proposal, descriptors: 0 }])
      while (!client.isClosed && client.wrong === undefined && !isOver()) yield* talk(client, batch())
    }
    if (client.wrong === undefined) yield* client.leave
    score.answers += client.answers
    if (client.wrong !== undefined) return yield* Effect.fail(`${path}: ${client.wrong}`)
  }).pipe(
    Effect.catchTags({
      SocketFailed: ({ message }) => Effect.fail(message),
      SocketPathTooLong: ({ message }) => Effect.fail(message)
    }),
    Effect.scoped
  )
  return Effect.asVoid(Effect.repeat(visit, { until: isOver }))
}
