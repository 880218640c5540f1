/** REGION_READ, REGION_WRITE and REGION_WRITE_MULTI: widths, ends, lengths, and what config space of a PCI device keeps. */
import { Effect, Either } from "effect"
import { Command } from "../../Command.ts"
import * as RegionWriteMulti from "../../messages/RegionWriteMulti.ts"
import type { Bench } from "../Bench.ts"
import { type Clause, clause, library, text, textOf } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { EINVAL } from "../errnos.ts"
import { configRegion, isGood } from "../Facts.ts"
import { none, read, wordAt, write } from "../requests.ts"

/** The command register of config space, and its bits memory space and bus master. */
const commandAt = 4
const memorySpace = 2
export const memoryAndMaster = 6
/** Interrupt line: any value is kept, and the device does not look at it. */
const lineAt = 0x3c

const bytesOf = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >>> 8)
/** Writes the command register. */
export const writeCommand = (bench: Bench, value: number): Effect.Effect<Uint8Array, Broken> =>
  bench.succeeds(Command.REGION_WRITE, write(configRegion, commandAt, bytesOf(value)), 16)

const same = (left: Uint8Array, right: Uint8Array): boolean =>
  left.byteLength === right.byteLength && left.every((byte, index) => byte === right[index])

const sizeOf = ({ facts }: Bench): number => facts.regions[configRegion]?.size ?? 0

const everyWidth = (bench: Bench) =>
  Effect.gen(function* () {
    const size = Math.min(sizeOf(bench), bench.facts.maxDataBytes)
    const all = yield* bench.registers(configRegion, 0, size)
    for (const [offset, count] of [
      [0, 1],
      [1, 1],
      [0, 2],
      [1, 2],
      [2, 2],
      [0, 4],
      [2, 4],
      [0, 8],
      [0, 64],
      [size - 1, 1]
    ] as const) {
      const part = yield* bench.registers(configRegion, offset, count)
      if (!same(part, all.subarray(offset, offset + count))) {
        return yield* new Broken({
          expected: "the same bytes in every width",
          found: `others in ${count} at ${offset}`
        })
      }
    }
  })

const repeats = (bench: Bench) =>
  Effect.gen(function* () {
    const line = yield* bench.registers(configRegion, lineAt, 1)
    for (const [command, request] of [
      [Command.REGION_READ, read(configRegion, lineAt, 1)],
      [Command.REGION_WRITE, write(configRegion, lineAt, line)]
    ] as const) {
      const payload = yield* bench.succeeds(command, request, 16)
      if (!same(payload.subarray(0, 16), request.subarray(0, 16))) {
        return yield* new Broken({ expected: "offset, region and count of the request", found: "others" })
      }
    }
    const written = yield* bench.succeeds(Command.REGION_WRITE, write(configRegion, lineAt, line), 16)
    if (written.byteLength !== 16) {
      return yield* new Broken({ expected: "16 bytes in the reply to a write", found: `${written.byteLength}` })
    }
  })

const outside = (bench: Bench) =>
  Effect.gen(function* () {
    for (const { index, size } of bench.facts.regions) {
      for (const [offset, count] of [
        [size, 1],
        [size === 0 ? 0 : size - 1, 2],
        [Number.MAX_SAFE_INTEGER, 4]
      ] as const) {
        const what = `${count} bytes at ${offset} of region ${index}, which has ${size}`
        yield* bench.refuses(`reading ${what}`, Command.REGION_READ, read(index, offset, count), [EINVAL])
        const data = new Uint8Array(count)
        yield* bench.refuses(`writing ${what}`, Command.REGION_WRITE, write(index, offset, data), [EINVAL])
      }
    }
    // The end of what a region can address: 2^64 - 1.
    const last = read(configRegion, 0, 4)
    last.fill(0xff, 0, 8)
    yield* bench.refuses("reading at 2^64 - 1", Command.REGION_READ, last, [EINVAL])
    yield* bench.lives
  })

const noRegion = (bench: Bench) =>
  Effect.gen(function* () {
    for (const region of [bench.facts.regions.length, 0xffff_ffff]) {
      yield* bench.refuses(`region ${region}`, Command.REGION_READ, read(region, 0, 4), [EINVAL])
      yield* bench.refuses(`region ${region}`, Command.REGION_WRITE, write(region, 0, new Uint8Array(4)), [EINVAL])
    }
  })

const noByte = (bench: Bench) =>
  Effect.gen(function* () {
    const reply = yield* bench.answers(Command.REGION_READ, read(configRegion, 0, 0))
    const written = yield* bench.answers(Command.REGION_WRITE, write(configRegion, 0, none))
    yield* bench.lives
    if (!isGood(reply) || !isGood(written)) return yield* new Broken({ expected: "success", found: "an error" })
    return reply.payload.byteLength === 0 ? "a bare header, as libvfio-user has it" : "16 bytes, as the text has it"
  })

const cutShort = (bench: Bench) =>
  Effect.gen(function* () {
    const { maxDataBytes } = bench.facts
    for (const command of [Command.REGION_READ, Command.REGION_WRITE]) {
      for (const length of [0, 8, 15]) {
        yield* bench.refuses(`a payload of ${length} bytes`, command, read(configRegion, 0, 4).subarray(0, length), [
          EINVAL
        ])
      }
    }
    const tooMuch = read(configRegion, 0, maxDataBytes + 1)
    yield* bench.refuses("a count above max_data_xfer_size", Command.REGION_READ, tooMuch, [EINVAL])
    yield* bench.refuses("a count of 2^32 - 1", Command.REGION_READ, read(configRegion, 0, 0xffff_ffff), [EINVAL])
    yield* bench.lives
  })

const exactLength = (bench: Bench) =>
  Effect.gen(function* () {
    const [before] = yield* bench.registers(configRegion, lineAt, 1)
    const other = Uint8Array.of((before ?? 0) ^ 0x55)
    yield* bench.refuses("less data than count", Command.REGION_WRITE, write(configRegion, lineAt, none, 1), [EINVAL])
    const more = Uint8Array.of(...other, 0)
    yield* bench.refuses("more data than count", Command.REGION_WRITE, write(configRegion, lineAt, more, 1), [EINVAL])
    const [after] = yield* bench.registers(configRegion, lineAt, 1)
    if (before !== after) {
      return yield* new Broken({ expected: "nothing written by a refused write", found: `${before} became ${after}` })
    }
  })

const keepsLine = (bench: Bench) =>
  Effect.gen(function* () {
    const [before = 0] = yield* bench.registers(configRegion, lineAt, 1)
    for (const value of [before ^ 0xff, before]) {
      yield* bench.succeeds(Command.REGION_WRITE, write(configRegion, lineAt, Uint8Array.of(value)), 16)
      const [after] = yield* bench.registers(configRegion, lineAt, 1)
      if (after !== value) return yield* new Broken({ expected: `interrupt line ${value}`, found: `${after}` })
    }
  })

const keepsCommand = (bench: Bench) =>
  Effect.gen(function* () {
    for (const value of [memoryAndMaster, memorySpace]) {
      yield* writeCommand(bench, value)
      const found = wordAt(yield* bench.registers(configRegion, commandAt, 4), 0) & memoryAndMaster
      if (found !== value) return yield* new Broken({ expected: `command register ${value}`, found: `${found}` })
    }
  })

const idsStay = (bench: Bench) =>
  Effect.gen(function* () {
    const before = yield* bench.registers(configRegion, 0, 4)
    const reply = yield* bench.answers(Command.REGION_WRITE, write(configRegion, 0, Uint8Array.of(0x55, 0xaa)))
    if (!same(before, yield* bench.registers(configRegion, 0, 4))) {
      return yield* new Broken({ expected: "vendor and device id as they were", found: "others" })
    }
    return isGood(reply) ? "the write is ignored" : "the write is refused, as libvfio-user does"
  })

const posted = (bench: Bench) =>
  Effect.gen(function* () {
    const [before = 0] = yield* bench.registers(configRegion, lineAt, 1)
    for (const value of [before ^ 0xff, before]) {
      bench.wire.send(Command.REGION_WRITE, write(configRegion, lineAt, Uint8Array.of(value)), { wantsReply: false })
      const [after] = yield* bench.registers(configRegion, lineAt, 1)
      if (after !== value) return yield* new Broken({ expected: `the posted ${value} to be read`, found: `${after}` })
    }
  })

const lineWrite = (value: number) => ({ offset: lineAt, region: configRegion, data: Uint8Array.of(value) })

const multi = (bench: Bench) =>
  Effect.gen(function* () {
    const [before = 0] = yield* bench.registers(configRegion, lineAt, 1)
    const request = RegionWriteMulti.encodeRequest([lineWrite(before ^ 0xff), lineWrite(before)])
    const payload = yield* bench.succeeds(Command.REGION_WRITE_MULTI, request, 8)
    const done = Either.getOrElse(RegionWriteMulti.decodeReply(payload), () => -1)
    if (done !== 2) return yield* new Broken({ expected: "2 writes done", found: `${done}` })
    const [after] = yield* bench.registers(configRegion, lineAt, 1)
    if (after !== before) return yield* new Broken({ expected: `${before}, the last of them`, found: `${after}` })
    yield* bench.refuses("an entry cut short", Command.REGION_WRITE_MULTI, request.subarray(0, 40), [EINVAL])
    yield* bench.refuses("no payload", Command.REGION_WRITE_MULTI, none, [EINVAL])
    yield* bench.lives
  })

const access = [text("Read and Write Operations"), textOf("REGION_READ"), textOf("REGION_WRITE")]
const checks = [...access, library("lib/libvfio-user.c, is_valid_region_access")]
const configSpace = [textOf("REGION_WRITE"), library("lib/pci.c; test/py/test_pci_caps.py")]

const parts = (name: string, rule: string, sources: ReadonlyArray<string>, check: Clause["check"]): Clause =>
  clause({ name, rule, sources, needs: ["config space"], check })

export const registers: ReadonlyArray<Clause> = [
  parts("access.width", "config space reads the same in every width, also unaligned", access, everyWidth),
  parts("access.reply", "a reply repeats offset, region and count", access, repeats),
  parts("access.end", "an access past the end of a region is refused", checks, outside),
  parts("access.region", "an access of a region that there cannot be is refused", checks, noRegion),
  parts("access.zero", "an access of no byte succeeds", checks, noByte),
  parts("access.short", "a request cut short, or for more than a message may carry, is refused", checks, cutShort),
  parts("access.length", "a write has as much data as it says, or does nothing", checks, exactLength),
  parts(
    "access.posted",
    "a write without a reply is done before the next command",
    [text("Command Concurrency")],
    posted
  ),
  parts("config.line", "the interrupt line keeps what is written", configSpace, keepsLine),
  parts("config.command", "the command register keeps memory space and bus master", configSpace, keepsCommand),
  parts("config.ids", "vendor and device id stay as they are", configSpace, idsStay),
  clause({
    name: "access.multi",
    rule: "REGION_WRITE_MULTI does its writes in order and counts them",
    sources: [textOf("REGION_WRITE_MULTI")],
    needs: ["config space", "REGION_WRITE_MULTI"],
    check: multi
  })
]
