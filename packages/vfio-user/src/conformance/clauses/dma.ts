/** DMA_MAP and DMA_UNMAP: what may be mapped, what overlaps, what is refused, and that maps end with the connection. */
import { Effect } from "effect"
import { Command } from "../../Command.ts"
import * as DmaMap from "../../messages/DmaMap.ts"
import * as DmaUnmap from "../../messages/DmaUnmap.ts"
import type { Bench } from "../Bench.ts"
import { type Clause, clause, library, text, textOf } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { EEXIST, EINVAL, ENOENT, ENOSPC } from "../errnos.ts"
import { isGood } from "../Facts.ts"
import { memoryBase } from "../GuestMemory.ts"
import { dmaMap, dmaUnmap, none } from "../requests.ts"

const page = 4096n
const base = memoryBase

const map = (bench: Bench, address = base, size = page) => bench.succeeds(Command.DMA_MAP, dmaMap(address, size))
const unmap = (bench: Bench, address = base, size = page) => bench.succeeds(Command.DMA_UNMAP, dmaUnmap(address, size))

/** A reply repeats the request, unless the device does no DMA: then it may be empty. */
const whole = (bench: Bench) =>
  Effect.gen(function* () {
    for (let times = 0; times < 2; times++) {
      const mapped = yield* map(bench)
      if (mapped.byteLength !== 0) {
        return yield* new Broken({
          expected: "no payload in the reply to DMA_MAP",
          found: `${mapped.byteLength} bytes`
        })
      }
      const unmapped = yield* unmap(bench)
      if (unmapped.byteLength === 0) return "no payload in the reply to DMA_UNMAP: the device does no DMA"
      const request = dmaUnmap(base, page)
      if (unmapped.byteLength !== 24 || unmapped.some((byte, index) => index >= 4 && byte !== request[index])) {
        return yield* new Broken({
          expected: "the request repeated in 24 bytes",
          found: `${unmapped.byteLength} others`
        })
      }
    }
    return undefined
  })

/** Whether a device does DMA at all: one that does not takes every map. */
const doesDma = (bench: Bench) =>
  Effect.gen(function* () {
    yield* map(bench)
    const payload = yield* unmap(bench)
    return payload.byteLength > 0
  })

const overlaps = (bench: Bench) =>
  Effect.gen(function* () {
    if (!(yield* doesDma(bench))) return "the device does no DMA"
    yield* map(bench, base, 4n * page)
    for (const [address, size] of [
      [base, page],
      [base + 3n * page, 2n * page],
      [base - page, 8n * page]
    ] as const) {
      yield* bench.refuses("an overlapping map", Command.DMA_MAP, dmaMap(address, size), [EEXIST, EINVAL])
    }
    const again = yield* bench.answers(Command.DMA_MAP, dmaMap(base, 4n * page))
    yield* unmap(bench, base, 4n * page)
    return isGood(again)
      ? "the identical map is accepted, as libvfio-user does"
      : "the identical map is refused, as the text has it"
  })

const wrongMaps = (bench: Bench) =>
  Effect.gen(function* () {
    const request = dmaMap(base, page)
    for (const length of [0, 8, 31]) {
      yield* bench.refuses(`a payload of ${length} bytes`, Command.DMA_MAP, request.subarray(0, length), [EINVAL])
    }
    yield* bench.refuses("argsz 8", Command.DMA_MAP, dmaMap(base, page, { argsz: 8 }), [EINVAL])
    yield* bench.refuses("flag 0x80", Command.DMA_MAP, dmaMap(base, page, { flags: 0x83 }), [EINVAL])
    yield* bench.lives
  })

/** Whatever is answered, nothing stays. */
const oddMaps = (bench: Bench) =>
  Effect.gen(function* () {
    const met: Array<string> = []
    for (const [what, address, size] of [
      ["no byte", base, 0n],
      ["half a page", base, page / 2n],
      ["a misaligned address", base + 1n, page],
      ["past 2^64", (1n << 64n) - page, 2n * page]
    ] as const) {
      const reply = yield* bench.answers(Command.DMA_MAP, dmaMap(address, size))
      if (!isGood(reply)) {
        if (reply.error === EINVAL) continue
        return yield* new Broken({ expected: `EINVAL or success for ${what}`, found: `errno ${reply.error}` })
      }
      met.push(what)
      yield* unmap(bench, address, size)
    }
    return met.length === 0 ? "all refused" : `accepted, as libvfio-user does: ${met.join(", ")}`
  })

const tooLarge = (bench: Bench) =>
  Effect.gen(function* () {
    const size = (1n << 43n) + page
    const reply = yield* bench.answers(Command.DMA_MAP, dmaMap(0n, size))
    if (isGood(reply)) {
      yield* unmap(bench, 0n, size)
      return "accepted: the text has no limit"
    }
    if (reply.error !== ENOSPC && reply.error !== EINVAL) {
      return yield* new Broken({ expected: "ENOSPC or EINVAL", found: `errno ${reply.error}` })
    }
    return "refused, as libvfio-user does"
  })

const unknownUnmaps = (bench: Bench) =>
  Effect.gen(function* () {
    if (!(yield* doesDma(bench))) return "the device does no DMA"
    yield* map(bench, base, 2n * page)
    yield* map(bench, base + 2n * page, 2n * page)
    for (const [what, address, size] of [
      ["an unknown range", base + 64n * page, page],
      ["a part of a map", base, page],
      ["two maps together", base, 4n * page]
    ] as const) {
      yield* bench.refuses(`unmapping ${what}`, Command.DMA_UNMAP, dmaUnmap(address, size), [ENOENT, EINVAL])
    }
    yield* unmap(bench, base, 2n * page)
    yield* unmap(bench, base + 2n * page, 2n * page)
    yield* bench.refuses("unmapping twice", Command.DMA_UNMAP, dmaUnmap(base, 2n * page), [ENOENT, EINVAL])
    return undefined
  })

const wrongUnmaps = (bench: Bench) =>
  Effect.gen(function* () {
    const refuse = (what: string, payload: Uint8Array) => bench.refuses(what, Command.DMA_UNMAP, payload, [EINVAL])
    yield* map(bench)
    yield* refuse("no payload", none)
    yield* refuse("a payload of 8 bytes", dmaUnmap(base, page).subarray(0, 8))
    yield* refuse("argsz 8", dmaUnmap(base, page, { argsz: 8 }))
    yield* refuse("flag 4", dmaUnmap(base, page, { flags: 4 }))
    yield* refuse("all, with an address", dmaUnmap(base, page, { flags: DmaUnmap.ALL }))
    yield* unmap(bench)
    yield* bench.lives
  })

const unmapAll = (bench: Bench) =>
  Effect.gen(function* () {
    for (const index of [0n, 1n, 2n]) yield* map(bench, base + 2n * index * page)
    const reply = yield* bench.answers(Command.DMA_UNMAP, dmaUnmap(0n, 0n, { flags: DmaUnmap.ALL }))
    if (!isGood(reply)) return "refused: the text knows no flags"
    // Nothing stands in the way of other maps any more.
    yield* map(bench, base, 8n * page)
    yield* unmap(bench, base, 8n * page)
    return "as libvfio-user has it"
  })

const endWithConnection = (bench: Bench) =>
  Effect.gen(function* () {
    yield* map(bench, base, 4n * page)
    const next = yield* bench.reconnected
    yield* map(next, base + page, page)
    yield* unmap(next, base + page, page)
  })

const flagsWithoutDescriptor = (bench: Bench) =>
  Effect.gen(function* () {
    const reply = yield* bench.answers(Command.DMA_MAP, dmaMap(base, page, { flags: 3 | DmaMap.FILE_IO }))
    if (!isGood(reply)) return "refused, as libvfio-user does"
    yield* unmap(bench)
    return "ignored: a server that takes no descriptors cannot know better"
  })

const withDescriptor = (bench: Bench) =>
  Effect.gen(function* () {
    const { eventfd, memory } = yield* bench.descriptors
    const { descriptor } = yield* bench.keep(memory(Number(4n * page)))
    yield* bench.succeeds(Command.DMA_MAP, dmaMap(base, 4n * page), 0, { descriptors: [descriptor] })
    yield* unmap(bench, base, 4n * page)
    // An eventfd is no memory: a server that says yes has not looked, or reaches the range by messages.
    const counter = yield* bench.keep(eventfd)
    const reply = yield* bench.answers(Command.DMA_MAP, dmaMap(base, page), { descriptors: [counter.descriptor] })
    if (isGood(reply)) yield* unmap(bench)
    yield* bench.lives
    return isGood(reply) ? "an eventfd as memory is accepted" : "an eventfd as memory is refused"
  })

const mapping = [textOf("DMA_MAP"), library("test/py/test_dma_map.py")]
const unmapping = [textOf("DMA_UNMAP"), library("test/py/test_dma_unmap.py")]

const parts = (name: string, rule: string, sources: ReadonlyArray<string>, check: Clause["check"]): Clause =>
  clause({ name, rule, sources, check })

export const dma: ReadonlyArray<Clause> = [
  parts("dma.map", "memory is mapped and unmapped, again and again", [...mapping, ...unmapping], whole),
  parts("dma.overlap", "maps do not overlap", mapping, overlaps),
  parts("dma.map.malformed", "a malformed DMA_MAP is refused", mapping, wrongMaps),
  parts("dma.map.odd", "ranges that are no pages are refused, or can be unmapped", mapping, oddMaps),
  parts("dma.map.large", "a map of more than 8 TiB is refused with ENOSPC, or taken", mapping, tooLarge),
  parts("dma.map.flags", "FILE_IO without a descriptor is refused or ignored", mapping, flagsWithoutDescriptor),
  parts("dma.unmap", "only a whole map can be unmapped", unmapping, unknownUnmaps),
  parts("dma.unmap.malformed", "a malformed DMA_UNMAP is refused", unmapping, wrongUnmaps),
  parts("dma.unmap.all", "all maps end at once, where the server has that flag", unmapping, unmapAll),
  parts("dma.disconnect", "maps end with the connection", [text("Client Disconnection")], endWithConnection),
  clause({
    name: "dma.descriptor",
    rule: "memory is mapped by a descriptor",
    sources: mapping,
    needs: ["descriptors"],
    check: withDescriptor
  })
]
