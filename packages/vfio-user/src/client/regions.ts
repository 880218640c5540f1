/** Accesses to the regions of a remote device. Source: section 7 of the vfio-user specification. */
import { ENOTSUP } from "@stopcopy/errno"
import { Effect, Either } from "effect"
import { Command } from "../Command.ts"
import * as RegionWriteMulti from "../messages/RegionWriteMulti.ts"
import { call, read, untilDrained, write } from "./call.ts"
import type { Core } from "./Core.ts"
import type { CallError } from "./errors.ts"
import type { Negotiated } from "./negotiate.ts"

/** The writes of one REGION_WRITE_MULTI, at most: as many as QEMU sends. */
const maxWrites = 200

/** Offsets and lengths in bytes. Accesses of more than a message takes are cut into pieces, in order of the offset. */
export interface Regions {
  readonly readRegion: (region: number, offset: number, length: number) => Effect.Effect<Uint8Array, CallError>
  /** Little endian, in one message. */
  readonly readWord: (region: number, offset: number, width: 1 | 2 | 4) => Effect.Effect<number, CallError>
  readonly readWord64: (region: number, offset: number) => Effect.Effect<bigint, CallError>
  readonly writeRegion: (region: number, offset: number, bytes: Uint8Array) => Effect.Effect<void, CallError>
  readonly writeWord: (
    region: number,
    offset: number,
    width: 1 | 2 | 4,
    value: number
  ) => Effect.Effect<void, CallError>
  readonly writeWord64: (region: number, offset: number, value: bigint) => Effect.Effect<void, CallError>
  /** A write that is not answered, not even with an error. Waits only while the connection takes no more. A later reply means that it was served. */
  readonly postRegion: (region: number, offset: number, bytes: Uint8Array) => Effect.Effect<void, CallError>
  /**
   * Writes of at most 8 bytes each, in few messages; gives how many were done. Fewer than all: some were refused, and those of later messages were not
   * sent; whether a server goes on behind a refused write is its own rule. `ENOTSUP` when it does not know the command.
   */
  readonly writeMultiple: (writes: ReadonlyArray<RegionWriteMulti.Entry>) => Effect.Effect<number, CallError>
}

const readPieces = (
  core: Core,
  region: number,
  offset: number,
  length: number,
  pieceBytes: number
): Effect.Effect<Uint8Array, CallError> => {
  const copy = (count: number) => (view: DataView, from: number) =>
    new Uint8Array(view.buffer, view.byteOffset + from, count).slice()
  if (length > 0 && length <= pieceBytes) return read(core, region, offset, length, copy(length))
  const into = new Uint8Array(length)
  const starts = Array.from({ length: Math.ceil(length / pieceBytes) }, (_, index) => index * pieceBytes)
  const piece = (at: number): Effect.Effect<void, CallError> => {
    const count = Math.min(pieceBytes, length - at)
    return read(core, region, offset + at, count, (view, from) =>
      into.set(new Uint8Array(view.buffer, view.byteOffset + from, count), at)
    )
  }
  return Effect.as(Effect.forEach(starts, piece, { discard: true }), into)
}

const writePieces = (core: Core, region: number, offset: number, bytes: Uint8Array, pieceBytes: number) =>
  Effect.gen(function* () {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      yield* write(core, region, offset + at, bytes.subarray(at, at + pieceBytes))
    }
  })

const wordOf =
  (width: 1 | 2 | 4) =>
  (view: DataView, at: number): number => {
    switch (width) {
      case 1:
        return view.getUint8(at)
      case 2:
        return view.getUint16(at, true)
      case 4:
        return view.getUint32(at, true)
    }
  }

const wordBytes = 4

/** The low bytes of a word, little endian. */
const bytesOfWord = (width: 1 | 2 | 4, value: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(wordBytes))
  view.setUint32(0, value, true)
  return new Uint8Array(view.buffer, 0, width)
}

const bytesOfWord64 = (value: bigint): Uint8Array => {
  const view = new DataView(new ArrayBuffer(wordBytes * 2))
  view.setBigUint64(0, value, true)
  return new Uint8Array(view.buffer)
}

const post = (core: Core, region: number, offset: number, bytes: Uint8Array, pieceBytes: number) =>
  Effect.gen(function* () {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      if (core.isFull()) yield* untilDrained(core)
      const ended = core.ended()
      if (ended !== undefined) return yield* ended
      core.postWrite(region, offset + at, bytes.subarray(at, at + pieceBytes))
    }
  })

const notSupported = (): ENOTSUP =>
  new ENOTSUP({
    refusal: {
      code: "vfio-user.client.writeMultiple",
      rule: "REGION_WRITE_MULTI is sent to servers that announced write_multiple",
      where: "capabilities of the server",
      source: "no write_multiple",
      destination: "write_multiple",
      remedy: "use writeRegion"
    }
  })

const writeSome = (core: Core, writes: ReadonlyArray<RegionWriteMulti.Entry>): Effect.Effect<number, CallError> =>
  call(
    core,
    {
      command: Command.REGION_WRITE_MULTI,
      payload: RegionWriteMulti.encodeRequest(writes),
      leastBytes: RegionWriteMulti.headBytes
    },
    RegionWriteMulti.decodeReply
  )

const writeMany = (
  core: Core,
  writes: ReadonlyArray<RegionWriteMulti.Entry>,
  perMessage: number
): Effect.Effect<number, CallError> =>
  Effect.gen(function* () {
    let done = 0
    while (done < writes.length) {
      const some = writes.slice(done, done + perMessage)
      const count = yield* writeSome(core, some)
      done += Math.min(count, some.length)
      if (count < some.length) break
    }
    return done
  })

/** Accesses over a core. */
export const makeRegions = (core: Core, { maxDataBytes, writeMultiple }: Negotiated): Regions => {
  const perMessage = Math.max(1, Math.min(maxWrites, Math.floor(maxDataBytes / RegionWriteMulti.entryBytes)))
  return {
    readRegion: (region, offset, length) => readPieces(core, region, offset, length, maxDataBytes),
    readWord: (region, offset, width) => read(core, region, offset, width, wordOf(width)),
    readWord64: (region, offset) =>
      read(core, region, offset, wordBytes * 2, (view, at) => view.getBigUint64(at, true)),
    writeRegion: (region, offset, bytes) => writePieces(core, region, offset, bytes, maxDataBytes),
    writeWord: (region, offset, width, value) => write(core, region, offset, bytesOfWord(width, value)),
    writeWord64: (region, offset, value) => write(core, region, offset, bytesOfWord64(value)),
    postRegion: (region, offset, bytes) => post(core, region, offset, bytes, maxDataBytes),
    writeMultiple: (writes) => (writeMultiple ? writeMany(core, writes, perMessage) : Either.left(notSupported()))
  }
}
