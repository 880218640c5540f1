/**
 * The memory of a guest's VMM, for the server whose connection it shares: DMA_READ and DMA_WRITE go on to the VMM, cut as small as it takes them. Source: section 9 of
 * the vfio-user specification.
 */
import type { Errno } from "@stopcopy/errno"
import { Effect, Either, Exit, Runtime } from "effect"
import { announcedDataBytes } from "../client/Core.ts"
import { maxWaitingCommands } from "../client/ServerCommands.ts"
import { Command } from "../Command.ts"
import { headerBytes, noReply } from "../Header.ts"
import { encodeErrorReply, encodeReply } from "../Message.ts"
import * as DmaTransfer from "../messages/DmaTransfer.ts"
import type { DmaToClient } from "../server/DmaToClient.ts"

const [eio, ebusy, einval] = [5, 16, 22]

/** Data of commands that wait for the VMM, and of replies that the server does not read, at most, in bytes. */
const mostBytes = 8 * 1024 * 1024

const noData = new Uint8Array(0)

/** Payload of the reply, or its errno. */
type Answer = Either.Either<DmaTransfer.DmaTransfer, number>

/** The server, as who answers it has it. */
interface Asking {
  readonly answer: (message: Uint8Array) => void
  /** Bytes of replies that it does not read. */
  readonly unread: number
}

export class GuestMemory {
  /** The way to the VMM: replies of the VMM are told to it. */
  readonly toGuest: DmaToClient
  private readonly runtime: Runtime.Runtime<never>
  private readonly server: () => Asking | undefined
  private underway = 0
  private bytes = 0

  constructor(toGuest: DmaToClient, runtime: Runtime.Runtime<never>, server: () => Asking | undefined) {
    this.toGuest = toGuest
    this.runtime = runtime
    this.server = server
  }

  /** Passes a command of the server on: `size` bytes at `at`, borrowed until it returns. */
  ask(view: DataView, at: number, size: number): void {
    const [id, command] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    const wantsReply = (view.getUint32(at + 8, true) & noReply) === 0
    const reply = (answer: Answer): void => {
      if (wantsReply) this.server()?.answer(messageOf(id, command, answer))
    }
    // Copied: it may wait.
    const payload = new Uint8Array(view.buffer, view.byteOffset + at + headerBytes, size - headerBytes).slice()
    const transfer = checked(command, payload)
    if (Either.isLeft(transfer)) return reply(Either.left(transfer.left))
    const { count } = transfer.right
    const bytes = this.bytes + (this.server()?.unread ?? 0) + count
    if (this.underway >= maxWaitingCommands || bytes > mostBytes) return reply(Either.left(ebusy))
    this.underway++
    this.bytes += count
    Runtime.runCallback(this.runtime)(Effect.either(this.done(command, transfer.right)), {
      onExit: (exit) => {
        this.underway--
        this.bytes -= count
        reply(Exit.isSuccess(exit) ? Either.mapLeft(exit.value, ({ errno }) => errno) : Either.left(eio))
      }
    })
  }

  private done(command: number, transfer: DmaTransfer.DmaTransfer): Effect.Effect<DmaTransfer.DmaTransfer, Errno> {
    const { address, count, data } = transfer
    if (count === 0) return Effect.succeed(transfer)
    const memory = this.toGuest.backing(address)
    return command === Command.DMA_READ
      ? Effect.map(memory.read(0, count), (bytes) => ({ ...transfer, data: bytes }))
      : Effect.as(memory.write(0, data), { ...transfer, data: noData })
  }
}

/** What the server wants, if it may. */
const checked = (command: number, payload: Uint8Array): Answer => {
  const transfer = DmaTransfer.decode(payload)
  if (Either.isLeft(transfer)) return Either.left(einval)
  const { count, data } = transfer.right
  if (count > announcedDataBytes) return Either.left(einval)
  return command === Command.DMA_WRITE && data.length !== count
    ? Either.left(einval)
    : Either.right(command === Command.DMA_READ ? { ...transfer.right, data: noData } : transfer.right)
}

const messageOf = (id: number, command: number, answer: Answer): Uint8Array =>
  Either.match(answer, {
    onLeft: (errno) => encodeErrorReply(id, command, errno),
    onRight: (transfer) => encodeReply(id, command, DmaTransfer.encode(transfer))
  })
