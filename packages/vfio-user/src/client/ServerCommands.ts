/**
 * What the server asks its client: DMA_READ and DMA_WRITE of the client's memory. Source: section 9 of the vfio-user specification.
 * Commands take effect in the order in which they come. One whose memory must be waited for holds the next ones up, never the client's own calls.
 */
import type { DmaAccess, DmaFault } from "@stopcopy/vfio"
import { Effect, Either, Exit, Runtime } from "effect"
import { Command, commandName } from "../Command.ts"
import { headerBytes, noReply } from "../Header.ts"
import { encodeErrorReply, encodeReply } from "../Message.ts"
import * as DmaTransfer from "../messages/DmaTransfer.ts"
import type { Outbox } from "./Outbox.ts"

/** Answers a command of the server, whose header is at `at` of `view`, borrowed until it returns. */
export type ServeCommand = (
  view: DataView,
  at: number,
  size: number,
  outbox: Outbox,
  violate: (rule: string, found: string) => void
) => void

/** Commands that wait while another one's memory is waited for. A server that sends more does not wait for replies at all. */
export const maxWaitingCommands = 1024

const EINVAL = 22
const EFAULT = 14
const EIO = 5
const ENOTSUP = 95

/** A command that was copied, because it may have to wait. */
interface Request {
  readonly id: number
  readonly command: number
  readonly wantsReply: boolean
  readonly transfer: Either.Either<DmaTransfer.DmaTransfer, unknown>
}

/** Whether the effect has ended already (D1 of `DmaAccess`). */
const isDone = <A, E>(effect: Effect.Effect<A, E>): effect is Either.Either<A, E> => Either.isEither(effect)

const requestAt = (view: DataView, at: number, size: number): Request => ({
  id: view.getUint16(at, true),
  command: view.getUint16(at + 2, true),
  wantsReply: (view.getUint32(at + 8, true) & noReply) === 0,
  transfer: DmaTransfer.decode(
    new Uint8Array(view.buffer, view.byteOffset + at + headerBytes, size - headerBytes).slice()
  )
})

/** The answer: the data and head of the reply, or an errno. */
type Answer = Either.Either<DmaTransfer.DmaTransfer, number>

const noData = new Uint8Array(0)

const readReply = (request: DmaTransfer.DmaTransfer, bytes: Uint8Array): Answer =>
  bytes.length === request.count ? Either.right({ ...request, data: bytes }) : Either.left(EIO)

/** The transfer itself; an errno where it must not be tried. */
const transferOf = (
  dma: DmaAccess,
  { command, transfer }: Request,
  maxBytes: number
): Effect.Effect<DmaTransfer.DmaTransfer, DmaFault | number> => {
  if (command !== Command.DMA_READ && command !== Command.DMA_WRITE) return Either.left(ENOTSUP)
  if (Either.isLeft(transfer)) return Either.left(EINVAL)
  const { address, count, data } = transfer.right
  if (count > maxBytes) return Either.left(EINVAL)
  if (command === Command.DMA_READ) {
    const read = dma.read(address, count)
    return isDone(read)
      ? Either.flatMap(read, (bytes) => readReply(transfer.right, bytes))
      : Effect.flatMap(read, (bytes) => readReply(transfer.right, bytes))
  }
  if (data.length !== count) return Either.left(EINVAL)
  const done = { ...transfer.right, data: noData }
  const written = dma.write(address, data)
  return isDone(written) ? Either.map(written, () => done) : Effect.as(written, done)
}

const errnoOf = (failure: DmaFault | number): number => (typeof failure === "number" ? failure : EFAULT)

const messageOf = ({ command, id }: Request, answer: Answer): Uint8Array =>
  Either.match(answer, {
    onLeft: (errno) => encodeErrorReply(id, command, errno),
    onRight: (transfer) => encodeReply(id, command, DmaTransfer.encode(transfer))
  })

interface ServerCommands {
  readonly serve: ServeCommand
  /** Ends what is waited for. */
  readonly stop: Effect.Effect<void>
}

/** Serves transfers of up to `maxBytes` from and to `dma`. */
export const makeServerCommands = (
  dma: DmaAccess,
  maxBytes: number,
  runtime: Runtime.Runtime<never>
): ServerCommands => {
  const waiting: Array<Request> = []
  let stopRunning: () => void = () => undefined
  let busy = false
  let stopped = false
  const answer = (request: Request, outbox: Outbox, reply: Answer): void => {
    if (request.wantsReply && !stopped) outbox.add(messageOf(request, reply))
  }
  /** Runs requests until one has to be waited for. */
  const run = (first: Request, outbox: Outbox): void => {
    for (let request: Request | undefined = first; request !== undefined; request = waiting.shift()) {
      const transfer = transferOf(dma, request, maxBytes)
      if (!isDone(transfer)) return wait(request, transfer, outbox)
      answer(request, outbox, Either.mapLeft(transfer, errnoOf))
    }
  }
  const wait = (
    request: Request,
    transfer: Effect.Effect<DmaTransfer.DmaTransfer, DmaFault | number>,
    outbox: Outbox
  ): void => {
    let ended = false
    busy = true
    const cancel = Runtime.runCallback(runtime)(Effect.either(Effect.mapError(transfer, errnoOf)), {
      onExit: (exit) => {
        ended = true
        busy = false
        // A defect of the memory's owner fails the transfer; the server cannot do more about it.
        answer(request, outbox, Exit.isSuccess(exit) ? exit.value : Either.left(EIO))
        const next = waiting.shift()
        if (next !== undefined && !stopped) run(next, outbox)
      }
    })
    // It may have ended at once, and the next one may have begun.
    if (!ended) stopRunning = () => cancel()
  }
  return {
    serve: (view, at, size, outbox, violate) => {
      const request = requestAt(view, at, size)
      if (!busy) return run(request, outbox)
      if (waiting.length < maxWaitingCommands) waiting.push(request)
      else violate(`at most ${maxWaitingCommands} commands of the server wait`, commandName(request.command))
    },
    stop: Effect.sync(() => {
      stopped = true
      waiting.length = 0
      stopRunning()
    })
  }
}
