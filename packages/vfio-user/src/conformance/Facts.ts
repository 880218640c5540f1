/** What a server says of its device, as far as it says anything: which clauses apply, and with which numbers. Wrong answers are a matter of clauses. */
import { DeviceFeature as Vfio, MigrationFlags } from "@stopcopy/vfio"
import { Effect, Either, Option } from "effect"
import { Command } from "../Command.ts"
import { type Capabilities, defaultMaxDataXferSize } from "../messages/Capabilities.ts"
import * as Header from "../Header.ts"
import * as DeviceInfo from "../messages/DeviceInfo.ts"
import * as IrqInfo from "../messages/IrqInfo.ts"
import * as RegionInfo from "../messages/RegionInfo.ts"
import * as Version from "../messages/Version.ts"
import type { Need } from "./Need.ts"
import type { Broken } from "./Verdict.ts"
import { getFeature, irqInfo, deviceInfo, feature, PROBE, read, regionInfo, SET, wordAt } from "./requests.ts"
import type { Reply, Wire } from "./Wire.ts"
import type { Workload } from "./Workload.ts"

/** A region that is there or not. */
interface RegionFact {
  readonly index: number
  readonly size: number
  readonly flags: number
}

/** A type of interrupt. */
export interface IrqFact {
  readonly index: number
  readonly count: number
  readonly flags: number
}

export interface Facts {
  readonly regions: ReadonlyArray<RegionFact>
  readonly irqs: ReadonlyArray<IrqFact>
  /** Of DEVICE_GET_INFO. */
  readonly flags: number
  /** Bytes of data in one message, as the server announced it. */
  readonly maxDataBytes: number
  readonly writeMultiple: boolean
  /** Flags of feature MIGRATION; 0: there is no migration. */
  readonly migration: number
  readonly logs: boolean
  /** Of config space; 0 where there is none. */
  readonly vendor: number
  readonly device: number
  readonly workload: Workload | undefined
}

/** Region of config space. */
export const configRegion = 7
/** Regions and interrupts that are asked for at most. */
const maxIndexes = 100

export const isGood = ({ flags }: Reply): boolean => (flags & Header.errorReply) === 0

/** What a reply says, none if it is an error or cannot be read. */
const said = <A>(reply: Reply, decode: (payload: Uint8Array) => Either.Either<A, unknown>): A | undefined =>
  isGood(reply) ? Option.getOrUndefined(Either.getRight(decode(reply.payload))) : undefined

const regionOf = (wire: Wire, index: number): Effect.Effect<RegionFact, Broken> =>
  Effect.map(wire.ask(Command.DEVICE_GET_REGION_INFO, regionInfo(index)), (reply) => {
    const { flags, size } = said(reply, RegionInfo.decode) ?? { flags: 0, size: 0 }
    return { index, flags, size }
  })

const irqOf = (wire: Wire, index: number): Effect.Effect<IrqFact, Broken> =>
  Effect.map(wire.ask(Command.DEVICE_GET_IRQ_INFO, irqInfo(index)), (reply) => {
    const { count, flags } = said(reply, IrqInfo.decode) ?? { count: 0, flags: 0 }
    return { index, count, flags }
  })

const indexes = (count: number): ReadonlyArray<number> =>
  Array.from({ length: Math.min(count, maxIndexes) }, (_, index) => index)

/** The word at an offset of the payload of a good reply; 0 where there is none. */
const wordOf = (reply: Reply, offset: number): number => (isGood(reply) ? wordAt(reply.payload, offset) : 0)

/** Where the data of a reply to DEVICE_FEATURE and to REGION_READ begin. */
const featureData = 8
const accessData = 16

const capabilitiesOf = ({ payload }: Reply): Capabilities =>
  Either.getOrElse(
    Either.map(Version.decode(payload), ({ capabilities }) => capabilities),
    () => ({})
  )

/** Asks a negotiated connection for everything; `version` is the answer that it gave. */
export const gather = (wire: Wire, version: Reply, workloads: ReadonlyArray<Workload>): Effect.Effect<Facts, Broken> =>
  Effect.gen(function* () {
    const info = said(yield* wire.ask(Command.DEVICE_GET_INFO, deviceInfo()), DeviceInfo.decode)
    const regions = yield* Effect.forEach(indexes(info?.regions ?? 0), (index) => regionOf(wire, index))
    const irqs = yield* Effect.forEach(indexes(info?.interruptTypes ?? 0), (index) => irqOf(wire, index))
    const flags = yield* wire.ask(Command.DEVICE_FEATURE, getFeature(Vfio.MIGRATION.index, 8))
    const logs = yield* wire.ask(Command.DEVICE_FEATURE, feature(Vfio.DMA_LOGGING_START.index | PROBE | SET))
    const hasConfig = (regions[configRegion]?.size ?? 0) >= 4
    const ids = hasConfig ? wordOf(yield* wire.ask(Command.REGION_READ, read(configRegion, 0, 4)), accessData) : 0
    const [vendor, device] = [ids & 0xffff, ids >>> 16]
    const capabilities = capabilitiesOf(version)
    return {
      regions,
      irqs,
      flags: info?.flags ?? 0,
      maxDataBytes: capabilities.maxDataXferSize ?? defaultMaxDataXferSize,
      writeMultiple: capabilities.writeMultiple === true,
      migration: wordOf(flags, featureData),
      logs: isGood(logs),
      vendor,
      device,
      workload: workloads.find((each) => each.isFor(vendor, device))
    }
  })

const hasMigration = ({ migration }: Facts): boolean => (migration & MigrationFlags.STOP_COPY) !== 0

/** A type of interrupt that can signal an eventfd. */
export const signalling = ({ irqs }: Facts): IrqFact | undefined =>
  irqs.find(({ count, flags }) => count > 0 && (flags & IrqInfo.EVENTFD) !== 0)

/** What is missing for a need, in words; none if it is met. `passes`: this side can pass descriptors. */
export const missing = (facts: Facts, passes: boolean, need: Need): string | undefined => {
  const said: Readonly<Record<Need, readonly [met: boolean, reason: string]>> = {
    "config space": [(facts.regions[configRegion]?.size ?? 0) >= 64, "the device has no PCI config space"],
    "an absent region": [facts.regions.some(({ size }) => size === 0), "every region of the device is there"],
    interrupts: [facts.irqs.some(({ count }) => count > 0), "the device has no interrupts"],
    reset: [(facts.flags & DeviceInfo.RESET) !== 0, "the device says that it has no reset"],
    migration: [hasMigration(facts), "the device has no migration"],
    PRE_COPY: [(facts.migration & MigrationFlags.PRE_COPY) !== 0, "the device has no PRE_COPY"],
    "DMA logging": [facts.logs, "the device does not log DMA"],
    REGION_WRITE_MULTI: [facts.writeMultiple, "the server did not agree on write_multiple"],
    "no migration": [!hasMigration(facts), "the device has migration"],
    descriptors: [passes, "descriptors cannot be passed here: koffi does not load"],
    "a workload": [
      facts.workload !== undefined,
      `no workload is known for a device ${hex(facts.vendor)}:${hex(facts.device)}`
    ]
  }
  return said[need][0] ? undefined : said[need][1]
}

const hex = (id: number): string => id.toString(16).padStart(4, "0")
