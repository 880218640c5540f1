/** What a clause works with: a connection of its own, what is known of the device, and the judgements that all clauses share. */
import { MigrationFlags, MigrationStates, type MigrationState } from "@stopcopy/vfio"
import { Effect, Either, Scope } from "effect"
import { Command, commandName } from "../Command.ts"
import type { Accept, Connection } from "../Connection.ts"
import { proposal } from "../client/negotiate.ts"
import * as Header from "../Header.ts"
import { Broken, NotApplicable } from "./Verdict.ts"
import type { KitDescriptors } from "./Descriptors.ts"
import { describe as describeErrno } from "./errnos.ts"
import { type Facts, isGood } from "./Facts.ts"
import type { GuestMemory } from "./GuestMemory.ts"
import { dataRead, dataWrite, deviceInfo, getState, read, setState, wordAt } from "./requests.ts"
import { type Reply, type SendOptions, Wire } from "./Wire.ts"

/** What the kit is run against. */
export interface Target {
  /** Opens a connection, which is closed with the scope. Fails with the reason in one line. */
  readonly connect: (accept: Accept) => Effect.Effect<Connection, string, Scope.Scope>
  /** None: descriptors cannot be passed. */
  readonly descriptors: KitDescriptors | undefined
  /** How long a reply may take. */
  readonly replyMillis: number
}

/** Opens a connection, not yet negotiated. */
export const open = (target: Target, memory: GuestMemory): Effect.Effect<Wire, Broken, Scope.Scope> =>
  Effect.gen(function* () {
    const ignore = (): void => undefined
    const opened: Array<Wire> = []
    yield* target
      .connect((connection) => {
        const wire = new Wire(connection, memory, target.replyMillis, target.descriptors?.close ?? ignore)
        opened.push(wire)
        return wire
      })
      .pipe(Effect.mapError((found) => new Broken({ expected: "a connection", found })))
    const [wire] = opened
    return wire ?? (yield* new Broken({ expected: "a connection", found: "none" }))
  })

/** Proposes what our client proposes. */
export const negotiate = (wire: Wire): Effect.Effect<Reply, Broken> =>
  Effect.flatMap(wire.ask(Command.VERSION, proposal(wire.passesDescriptors)), (reply) => good(reply))

/** A reply that is an error is broken. */
export const good = (reply: Reply): Either.Either<Reply, Broken> =>
  isGood(reply)
    ? Either.right(reply)
    : Either.left(
        new Broken({ expected: `success of ${commandName(reply.command)}`, found: describeErrno(reply.error) })
      )

/** Where the data of a feature begin in a reply. */
const featureData = 8
/** More state than any device of interest has: a server that never ends its data is broken. In bytes. */
const maxStateBytes = 256 * 1024 * 1024

/** The form of every reply: its flags, its errno, its size. An error reply may carry a payload, as libvfio-user has it. */
export const wellFormed = ({ error, flags, size }: Reply): Either.Either<void, Broken> => {
  const isError = flags === (Header.typeReply | Header.errorReply)
  const isSuccess = flags === Header.typeReply && error === 0
  return (isError || isSuccess) && size >= Header.headerBytes
    ? Either.void
    : Either.left(
        new Broken({
          expected: "flags 0x1 with errno 0, or flags 0x21",
          found: `flags 0x${flags.toString(16)} with errno ${error}`
        })
      )
}

const concat = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.byteLength
  }
  return all
}

/** The data of a reply to MIG_DATA_READ: the first `size` bytes; some servers pad. */
const dataOf = (payload: Uint8Array, size: number, asked: number): Either.Either<Uint8Array, Broken> =>
  size <= asked && payload.byteLength >= 8 + size
    ? Either.right(payload.subarray(8, 8 + size))
    : Either.left(
        new Broken({
          expected: `at most ${asked} bytes, all of them in the reply`,
          found: `size ${size} in a payload of ${payload.byteLength} bytes`
        })
      )

export class Bench {
  readonly target: Target
  readonly facts: Facts
  readonly wire: Wire
  readonly memory: GuestMemory
  private readonly scope: Scope.Scope

  constructor(target: Target, facts: Facts, wire: Wire, memory: GuestMemory, scope: Scope.Scope) {
    this.target = target
    this.facts = facts
    this.wire = wire
    this.memory = memory
    this.scope = scope
  }

  /** Another connection, not yet negotiated, closed at the end of the clause. */
  get another(): Effect.Effect<Wire, Broken> {
    return this.keep(open(this.target, this.memory))
  }

  /** Another connection that has negotiated. */
  get anotherClient(): Effect.Effect<Wire, Broken> {
    return Effect.tap(this.another, negotiate)
  }

  /** Closes the bench's own connection: the device is free for the next client. */
  get leave(): Effect.Effect<void, Broken> {
    return Effect.suspend(() => {
      this.wire.close()
      return this.wire.ended
    })
  }

  /** Closes the bench's own connection and gives a new one that has negotiated. */
  get reconnected(): Effect.Effect<Bench, Broken> {
    return Effect.gen(this, function* () {
      yield* this.leave
      return this.over(yield* this.anotherClient)
    })
  }

  /** The same bench over another connection. */
  over(wire: Wire): Bench {
    return new Bench(this.target, this.facts, wire, this.memory, this.scope)
  }

  /** What the process has for descriptors. */
  get descriptors(): Effect.Effect<KitDescriptors, NotApplicable> {
    const { descriptors } = this.target
    return descriptors === undefined
      ? new NotApplicable({ reason: "descriptors cannot be passed here" })
      : Effect.succeed(descriptors)
  }

  /** Runs an effect whose resources last until the end of the clause. */
  keep<A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E> {
    return Scope.extend(effect, this.scope)
  }

  /** A command that must succeed; gives the payload of its reply, which has at least `leastBytes`. */
  succeeds(
    command: number,
    payload?: Uint8Array,
    leastBytes = 0,
    options?: SendOptions
  ): Effect.Effect<Uint8Array, Broken> {
    return Effect.gen(this, function* () {
      const reply = yield* good(yield* this.wire.ask(command, payload, options))
      yield* wellFormed(reply)
      if (reply.payload.byteLength >= leastBytes) return reply.payload
      return yield* new Broken({
        expected: `a payload of ${leastBytes} bytes in the reply to ${commandName(command)}`,
        found: `${reply.payload.byteLength} bytes`
      })
    })
  }

  /** A command that must be refused, with one of these errnos if any are named; gives the errno. The connection goes on. */
  refuses(
    what: string,
    command: number,
    payload?: Uint8Array,
    errnos: ReadonlyArray<number> = [],
    options?: SendOptions
  ): Effect.Effect<number, Broken> {
    return Effect.gen(this, function* () {
      const reply = yield* this.wire.ask(command, payload, options)
      yield* wellFormed(reply)
      const wanted = errnos.map(describeErrno).join(" or ")
      const expected = `${wanted === "" ? "an error" : wanted} for ${what}`
      if (isGood(reply)) return yield* new Broken({ expected, found: "success" })
      if (errnos.length === 0 || errnos.includes(reply.error)) return reply.error
      return yield* new Broken({ expected, found: describeErrno(reply.error) })
    })
  }

  /** A command that must be answered, in one way or another; gives whether it succeeded. */
  answers(command: number, payload?: Uint8Array, options?: SendOptions): Effect.Effect<Reply, Broken> {
    return Effect.tap(this.wire.ask(command, payload, options), wellFormed)
  }

  /** The connection is in step and alive. */
  get lives(): Effect.Effect<void, Broken> {
    return Effect.asVoid(this.succeeds(Command.DEVICE_GET_INFO, deviceInfo(), 16))
  }

  /** The number of the migration state. */
  get state(): Effect.Effect<number, Broken> {
    return Effect.map(this.succeeds(Command.DEVICE_FEATURE, getState(), featureData + 8), (payload) =>
      wordAt(payload, featureData)
    )
  }

  /** Fails unless the device is in this state. */
  isIn(expected: MigrationState): Effect.Effect<void, Broken> {
    return Effect.flatMap(this.state, (number) =>
      number === MigrationStates.toNumber(expected)
        ? Effect.void
        : new Broken({ expected: `state ${expected}`, found: MigrationStates.describeNumber(number) })
    )
  }

  /** Asks for a state; the reply may be an error. */
  request(state: number): Effect.Effect<Reply, Broken> {
    return this.answers(Command.DEVICE_FEATURE, setState(state))
  }

  /** Goes to a state, and looks that the device is there. */
  go(state: MigrationState): Effect.Effect<void, Broken> {
    return Effect.gen(this, function* () {
      yield* good(yield* this.request(MigrationStates.toNumber(state)))
      yield* this.isIn(state)
    })
  }

  /** Whether the device has the features that a state needs. */
  has(state: MigrationState): boolean {
    return MigrationFlags.supports(this.facts.migration, state)
  }

  /** Fails as not applicable unless the device has the state. */
  needs(state: MigrationState): Effect.Effect<void, NotApplicable> {
    return this.has(state) ? Effect.void : new NotApplicable({ reason: `the device has no ${state}` })
  }

  /** All data of the saving session, in pieces of at most `piece` bytes, until a reply is empty. */
  save(piece: number): Effect.Effect<Uint8Array, Broken> {
    return Effect.gen(this, function* () {
      const pieces: Array<Uint8Array> = []
      for (let total = 0; ;) {
        const payload = yield* this.succeeds(Command.MIG_DATA_READ, dataRead(piece), 8)
        const size = wordAt(payload, 4)
        if (size === 0) return concat(pieces)
        pieces.push(yield* dataOf(payload, size, piece))
        total += size
        if (total > maxStateBytes) {
          return yield* new Broken({ expected: `at most ${maxStateBytes} bytes of state`, found: "more" })
        }
      }
    })
  }

  /** Writes data into the resuming session. */
  load(data: Uint8Array, piece: number): Effect.Effect<void, Broken> {
    return Effect.gen(this, function* () {
      for (let at = 0; at < data.byteLength; at += piece) {
        yield* this.succeeds(Command.MIG_DATA_WRITE, dataWrite(data.subarray(at, at + piece)))
      }
    })
  }

  /** Bytes of data in one message: what the server takes, at most 64 KiB, so that a message fits every socket buffer. */
  get piece(): number {
    return Math.min(this.facts.maxDataBytes, 64 * 1024)
  }

  /** Reads a region. */
  registers(region: number, offset: number, count: number): Effect.Effect<Uint8Array, Broken> {
    return Effect.map(this.succeeds(Command.REGION_READ, read(region, offset, count), 16 + count), (payload) =>
      payload.subarray(16, 16 + count)
    )
  }
}
