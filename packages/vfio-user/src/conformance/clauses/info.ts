/** What a device says of itself: DEVICE_GET_INFO, regions, interrupt types, descriptors of regions. */
import { Effect, Either } from "effect"
import { Command } from "../../Command.ts"
import * as DeviceInfo from "../../messages/DeviceInfo.ts"
import * as IrqInfo from "../../messages/IrqInfo.ts"
import * as RegionCapabilities from "../../messages/RegionCapabilities.ts"
import * as RegionInfo from "../../messages/RegionInfo.ts"
import type { Bench } from "../Bench.ts"
import { type Clause, clause, library, text, textOf, uapi } from "../Clause.ts"
import { Broken } from "../Verdict.ts"
import { EINVAL, ENOTTY } from "../errnos.ts"
import { configRegion, isGood } from "../Facts.ts"
import { deviceInfo, ioFds, irqInfo, none, regionInfo, wordAt } from "../requests.ts"

/** PCI devices have these many regions and interrupt types at least. Source: `include/uapi/linux/vfio.h`. */
const pciRegions = 9
const pciInterrupts = 5

/** What is wrong, if anything is. */
const judge = (expected: string, wrong: ReadonlyArray<string>): Either.Either<void, Broken> =>
  wrong.length === 0 ? Either.void : Either.left(new Broken({ expected, found: wrong.join(", ") }))

const short =
  (what: string): ((error: { readonly message: string }) => Broken) =>
  ({ message }) =>
    new Broken({ expected: what, found: message })

const device = (bench: Bench) =>
  Effect.gen(function* () {
    const payload = yield* bench.succeeds(Command.DEVICE_GET_INFO, deviceInfo(), 16)
    const info = yield* Either.mapLeft(DeviceInfo.decode(payload), short("device info"))
    const isPci = (info.flags & DeviceInfo.PCI) !== 0
    yield* judge("argsz 16, and what a PCI device has", [
      ...(info.argsz === 16 ? [] : [`argsz ${info.argsz}`]),
      ...(isPci && info.regions < pciRegions ? [`${info.regions} regions`] : []),
      ...(isPci && info.interruptTypes < pciInterrupts ? [`${info.interruptTypes} interrupt types`] : [])
    ])
  })

/** More room than the reply needs changes nothing; less than the structure, or a payload cut short, is refused. */
const room = (command: number, request: (argsz: number) => Uint8Array, size: number) => (bench: Bench) =>
  Effect.gen(function* () {
    const payload = yield* bench.succeeds(command, request(size + 4000), size)
    yield* judge(`argsz of ${size} or more`, wordAt(payload, 0) < size ? [`argsz ${wordAt(payload, 0)}`] : [])
    yield* bench.refuses("argsz 8", command, request(8), [EINVAL])
    yield* bench.refuses("a payload of 8 bytes", command, request(size).subarray(0, 8), [EINVAL])
    yield* bench.refuses("no payload", command, none, [EINVAL])
    yield* bench.lives
  })

const regionProblems = (payload: Uint8Array, index: number): ReadonlyArray<string> => {
  const decoded = RegionInfo.decode(payload)
  if (Either.isLeft(decoded)) return [`region ${index}: ${decoded.left.message}`]
  const { argsz, capOffset, flags, index: echoed, size } = decoded.right
  const hasCapabilities = (flags & RegionInfo.CAPS) !== 0
  return [
    ...(echoed === index ? [] : [`index ${echoed} for region ${index}`]),
    ...(argsz < 32 ? [`argsz ${argsz} for region ${index}`] : []),
    ...(size > 0 && (flags & 3) === 0 ? [`region ${index} of ${size} bytes can be neither read nor written`] : []),
    ...(hasCapabilities && (capOffset < 32 || capOffset >= payload.byteLength) ? [`cap_offset ${capOffset}`] : []),
    ...(!hasCapabilities && capOffset !== 0 ? [`cap_offset ${capOffset} without the flag`] : []),
    ...(Either.isLeft(RegionCapabilities.decodeSparse(payload)) ? [`capabilities of region ${index}`] : [])
  ]
}

const allRegions = (bench: Bench) =>
  Effect.gen(function* () {
    for (const { index } of bench.facts.regions) {
      for (const argsz of [32, 48, 4096]) {
        const payload = yield* bench.succeeds(Command.DEVICE_GET_REGION_INFO, regionInfo(index, argsz), 32)
        yield* judge(`at most ${argsz} bytes`, payload.byteLength > argsz ? [`${payload.byteLength} bytes`] : [])
        yield* judge("a region that says what it is", regionProblems(payload, index))
      }
    }
  })

const config = ({ facts }: Bench) => {
  const { flags, size } = facts.regions[configRegion] ?? { flags: 0, size: 0 }
  return judge("256 or 4096 bytes, readable, writable, not mappable", [
    ...(size === 256 || size === 4096 ? [] : [`${size} bytes`]),
    ...((flags & RegionInfo.MMAP) !== 0 || (flags & 3) !== 3 ? [`flags ${flags}`] : [])
  ])
}

const absent = (bench: Bench) =>
  Effect.gen(function* () {
    for (const { index, size } of bench.facts.regions) {
      if (size > 0) continue
      const payload = yield* bench.succeeds(Command.DEVICE_GET_REGION_INFO, regionInfo(index), 32)
      yield* judge(
        "flags 0 of a region that is not there",
        wordAt(payload, 4) === 0 ? [] : [`flags ${wordAt(payload, 4)}`]
      )
    }
  })

const beyond =
  (command: number, request: (index: number) => Uint8Array, count: (bench: Bench) => number) => (bench: Bench) =>
    Effect.gen(function* () {
      for (const index of [count(bench), 512, 0xffff_ffff])
        yield* bench.refuses(`index ${index}`, command, request(index), [EINVAL])
      yield* bench.lives
    })

const allIrqs = (bench: Bench) =>
  Effect.gen(function* () {
    for (const { index } of bench.facts.irqs) {
      const payload = yield* bench.succeeds(Command.DEVICE_GET_IRQ_INFO, irqInfo(index), 16)
      const info = yield* Either.mapLeft(IrqInfo.decode(payload), short("interrupt info"))
      yield* judge(`argsz 16 and index ${index}`, [
        ...(info.argsz === 16 ? [] : [`argsz ${info.argsz}`]),
        ...(info.index === index ? [] : [`index ${info.index}`])
      ])
    }
  })

const malformedIoFds = (bench: Bench) =>
  Effect.gen(function* () {
    const command = Command.DEVICE_GET_REGION_IO_FDS
    const { index } = bench.facts.regions.find(({ size }) => size > 0) ?? { index: 0 }
    const refused = [EINVAL, ENOTTY]
    yield* bench.refuses("flags 1", command, ioFds(index, 16, 1), refused)
    yield* bench.refuses("count 1", command, ioFds(index, 16, 0, 1), refused)
    yield* bench.refuses("argsz 15", command, ioFds(index, 15), refused)
    yield* bench.refuses("index 512", command, ioFds(512), refused)
    yield* bench.refuses("a payload of 8 bytes", command, ioFds(index).subarray(0, 8), refused)
    const reply = yield* bench.answers(command, ioFds(index))
    if (!isGood(reply)) return "the server has none"
    yield* judge("16 bytes", reply.payload.byteLength < 16 ? [`${reply.payload.byteLength} bytes`] : [])
    return `region ${index} has ${wordAt(reply.payload, 12)}`
  })

const test = (name: string): string => library(`test/py/test_${name}.py`)
const pci = uapi("VFIO_PCI_NUM_REGIONS, VFIO_PCI_NUM_IRQS")

export const infos: ReadonlyArray<Clause> = [
  clause({
    name: "info.device",
    rule: "DEVICE_GET_INFO says how many regions and interrupt types there are",
    sources: [textOf("DEVICE_GET_INFO"), pci],
    check: device
  }),
  clause({
    name: "info.device.room",
    rule: "DEVICE_GET_INFO is refused without room for its reply",
    sources: [textOf("DEVICE_GET_INFO"), text("Message sizes"), test("device_get_info")],
    check: room(Command.DEVICE_GET_INFO, deviceInfo, 16)
  }),
  clause({
    name: "info.region",
    rule: "every region has an answer that fits the room it was asked with",
    sources: [textOf("DEVICE_GET_REGION_INFO"), uapi("struct vfio_region_info")],
    check: allRegions
  }),
  clause({
    name: "info.region.room",
    rule: "DEVICE_GET_REGION_INFO is refused without room for its reply",
    sources: [textOf("DEVICE_GET_REGION_INFO"), test("device_get_region_info")],
    check: room(Command.DEVICE_GET_REGION_INFO, (argsz) => regionInfo(0, argsz), 32)
  }),
  clause({
    name: "info.region.index",
    rule: "a region that there cannot be is refused",
    sources: [textOf("DEVICE_GET_REGION_INFO"), test("device_get_region_info")],
    check: beyond(Command.DEVICE_GET_REGION_INFO, regionInfo, ({ facts }) => facts.regions.length)
  }),
  clause({
    name: "info.region.absent",
    rule: "a region that is not there has no size and no flags",
    sources: [textOf("DEVICE_GET_REGION_INFO"), test("device_get_region_info_zero_size")],
    needs: ["an absent region"],
    check: absent
  }),
  clause({
    name: "info.config",
    rule: "config space has 256 or 4096 bytes and is accessed by messages",
    sources: [textOf("DEVICE_GET_REGION_INFO"), test("device_get_region_info"), pci],
    needs: ["config space"],
    check: config
  }),
  clause({
    name: "info.irq",
    rule: "every interrupt type has an answer",
    sources: [textOf("DEVICE_GET_IRQ_INFO"), uapi("struct vfio_irq_info")],
    check: allIrqs
  }),
  clause({
    name: "info.irq.room",
    rule: "DEVICE_GET_IRQ_INFO is refused without room for its reply",
    sources: [textOf("DEVICE_GET_IRQ_INFO"), test("device_get_irq_info")],
    check: room(Command.DEVICE_GET_IRQ_INFO, (argsz) => irqInfo(0, argsz), 16)
  }),
  clause({
    name: "info.irq.index",
    rule: "an interrupt type that there cannot be is refused",
    sources: [textOf("DEVICE_GET_IRQ_INFO"), test("device_get_irq_info")],
    check: beyond(Command.DEVICE_GET_IRQ_INFO, irqInfo, ({ facts }) => facts.irqs.length)
  }),
  clause({
    name: "info.ioFds",
    rule: "DEVICE_GET_REGION_IO_FDS refuses what is malformed; a server need not have it",
    sources: [textOf("DEVICE_GET_REGION_IO_FDS"), test("device_get_region_io_fds")],
    check: malformedIoFds
  })
]
