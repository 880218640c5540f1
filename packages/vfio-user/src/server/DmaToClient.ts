/**
 * The client's memory over the connection: DMA_READ and DMA_WRITE commands of the server. Source: section 9 of the vfio-user specification; QEMU
 * `docs/interop/vfio-user.rst`, "DMA_READ".
 *
 * C1 A transfer is cut into pieces; several are in flight, and replies are matched by id in any order.
 * C2 The reply must repeat address and count, as libvfio-user demands it; otherwise the transfer fails with `EINVAL`.
 * C3 A transfer that was given up leaves ids behind that stay taken until their replies come.
 */
import { EBUSY, type EINVAL, ENOTCONN, type Errno, fromNumber } from "@stopcopy/errno"
import type { DmaDirection, IoAddressSpace } from "@stopcopy/vfio"
import { Effect, Either, Option } from "effect"
import { Command } from "../Command.ts"
import { errorReply, headerBytes } from "../Header.ts"
import * as Message from "../Message.ts"
import * as DmaTransfer from "../messages/DmaTransfer.ts"
import { getSafe64, refuse } from "../internal/words.ts"

/** The most data of one piece, in bytes, whatever the client takes: it fits the buffers of a socket. */
const maxPieceBytes = 128 * 1024
/** Pieces that wait for their reply at one time. */
const maxInFlight = 8

interface Transfer {
  readonly direction: DmaDirection
  readonly address: bigint
  /** Read into, or written from. */
  readonly bytes: Uint8Array
  readonly end: (error: Errno | undefined) => void
  /** Bytes that were asked for. */
  sent: number
  /** Bytes that were answered. */
  answered: number
  ended: boolean
}

interface Piece {
  readonly transfer: Transfer
  readonly offset: number
  readonly length: number
}

const noBytes = new Uint8Array(0)

export class DmaToClient {
  private readonly send: (message: Uint8Array) => boolean
  private readonly changed: () => void
  private readonly pieces = new Map<number, Piece>()
  private transfers: Array<Transfer> = []
  private nextId = 0
  private pieceBytes = maxPieceBytes
  private stalled = false
  private gone = false

  /** `send` gives false when the connection wants no more for now; `changed` is told when `busy` may have changed. */
  constructor(send: (message: Uint8Array) => boolean, changed: () => void) {
    this.send = send
    this.changed = changed
  }

  /** Transfers are under way: replies must be read. */
  get busy(): boolean {
    return this.transfers.length > 0
  }

  /** What the client takes in one message, in bytes; below 1 every transfer fails. */
  limit(maxDataXferSize: number): void {
    this.pieceBytes = Math.min(maxPieceBytes, maxDataXferSize)
  }

  /** The memory from `address` on. */
  backing(address: bigint): IoAddressSpace.Backing {
    return {
      read: (offset, length) => {
        const bytes = new Uint8Array(length)
        return Effect.as(this.transfer("read", address + BigInt(offset), bytes), bytes)
      },
      write: (offset, bytes) => this.transfer("write", address + BigInt(offset), bytes),
      close: () => undefined
    }
  }

  /** Whether a reply with this id and command is due. */
  expects(id: number, command: number): boolean {
    const piece = this.pieces.get(id)
    return piece !== undefined && commandOf(piece.transfer.direction) === command
  }

  /** Takes a reply that is due; `size` bytes at `at` are there. */
  reply(bytes: Uint8Array, view: DataView, at: number, size: number): void {
    const id = view.getUint16(at, true)
    const piece = this.pieces.get(id)
    if (piece === undefined) return
    this.pieces.delete(id)
    if (!piece.transfer.ended) this.answer(piece, bytes, view, at, size)
    this.pump()
  }

  /** The connection takes more again. */
  drained(): void {
    this.stalled = false
    this.pump()
  }

  /** Ends every transfer with this error. */
  giveUp(error: Errno): void {
    for (const transfer of this.transfers) this.finish(transfer, error)
  }

  /** The connection has ended. */
  close(): void {
    this.gone = true
    this.giveUp(notConnected())
    this.pieces.clear()
  }

  private transfer(direction: DmaDirection, address: bigint, bytes: Uint8Array): Effect.Effect<void, Errno> {
    return Effect.async<void, Errno>((resume) => {
      if (this.gone) return resume(Either.left(notConnected()))
      if (this.pieceBytes < 1) return resume(Either.left(takesNoData(this.pieceBytes)))
      const end = (error: Errno | undefined) => resume(error === undefined ? Effect.void : Effect.fail(error))
      const transfer = { direction, address, bytes, end, sent: 0, answered: 0, ended: false }
      this.transfers = [...this.transfers, transfer]
      this.pump()
      this.changed()
      return Effect.sync(() => this.finish(transfer, undefined))
    })
  }

  /** Sends as many pieces as may be in flight. */
  private pump(): void {
    for (const transfer of this.transfers) {
      while (transfer.sent < transfer.bytes.byteLength) {
        if (this.stalled || this.gone || this.pieces.size >= maxInFlight) return
        this.sendPiece(transfer)
      }
    }
  }

  private sendPiece(transfer: Transfer): void {
    const { address, bytes, direction, sent } = transfer
    const length = Math.min(this.pieceBytes, bytes.byteLength - sent)
    const id = this.freeId()
    this.pieces.set(id, { transfer, offset: sent, length })
    transfer.sent += length
    const data = direction === "write" ? bytes.subarray(sent, sent + length) : noBytes
    const payload = DmaTransfer.encode({ address: address + BigInt(sent), count: length, data })
    if (!this.send(Message.encodeCommand(id, commandOf(direction), payload))) this.stalled = true
  }

  private freeId(): number {
    let id = this.nextId
    while (this.pieces.has(id)) id = (id + 1) & 0xffff
    this.nextId = (id + 1) & 0xffff
    return id
  }

  private answer(piece: Piece, bytes: Uint8Array, view: DataView, at: number, size: number): void {
    const { length, offset, transfer } = piece
    const error = errorOf(piece, view, at, size)
    if (error !== undefined) return this.finish(transfer, error)
    if (transfer.direction === "read") {
      const from = at + headerBytes + DmaTransfer.headBytes
      transfer.bytes.set(bytes.subarray(from, from + length), offset)
    }
    transfer.answered += length
    if (transfer.answered === transfer.bytes.byteLength) this.finish(transfer, undefined)
  }

  private finish(transfer: Transfer, error: Errno | undefined): void {
    if (transfer.ended) return
    transfer.ended = true
    this.transfers = this.transfers.filter((other) => other !== transfer)
    transfer.end(error)
    this.changed()
  }
}

const commandOf = (direction: DmaDirection): number => (direction === "read" ? Command.DMA_READ : Command.DMA_WRITE)

/** What is wrong with a reply; undefined if it is good. */
const errorOf = (piece: Piece, view: DataView, at: number, size: number): Errno | undefined => {
  if ((view.getUint32(at + 8, true) & errorReply) !== 0) return errnoOf(view.getUint32(at + 12, true))
  const isRead = piece.transfer.direction === "read"
  const least = headerBytes + DmaTransfer.headBytes + (isRead ? piece.length : 0)
  if (size < least) return unequal("size", size, least)
  const address = piece.transfer.address + BigInt(piece.offset)
  const given = view.getBigUint64(at + headerBytes, true)
  if (given !== address) return unequal("address", given, address)
  const count = getSafe64(view, at + headerBytes + 8)
  return count === piece.length ? undefined : unequal("count", count, piece.length)
}

const errnoOf = (errno: number): Errno =>
  Option.getOrElse(fromNumber(errno), () => unequal("errno", errno, "an errno of this project"))

const unequal = (where: string, source: number | bigint, destination: number | bigint | string): EINVAL =>
  refuse(
    "dma.reply",
    "a reply repeats address and count of its command",
    where,
    source,
    destination,
    "use a client that answers DMA commands as libvfio-user does, or pass memory by descriptor"
  )

const takesNoData = (size: number): EINVAL =>
  refuse(
    "dma.size",
    "the client takes data",
    "max_data_xfer_size",
    size,
    "at least 1",
    "announce a max_data_xfer_size above 0"
  )

const notConnected = (): ENOTCONN =>
  new ENOTCONN({
    refusal: {
      code: "vfio-user.dma.gone",
      rule: "the client's memory is there while it is connected",
      where: "connection",
      source: "ended",
      destination: "open",
      remedy: "connect again and map the memory"
    }
  })

/** Why transfers are given up when this many bytes of commands wait. */
export const flooded = (weight: number, limit: number): EBUSY =>
  new EBUSY({
    refusal: {
      code: "vfio-user.dma.flooded",
      rule: "a client answers the server's commands while it sends its own",
      where: "commands that wait",
      source: `${weight} bytes`,
      destination: `at most ${limit} bytes`,
      remedy: "answer DMA_READ and DMA_WRITE before sending more"
    }
  })
