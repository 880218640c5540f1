/** An emulated PF for tests: what it is configured with, and hosts whose PF and VFs have something behind them. */
import { Pf, PfDriver, RegisterFile, Vf } from "@stopcopy/qat"
import { ActorSystem } from "@stopcopy/runtime"
import { Effect } from "effect"
import { configure, probe } from "../driver/hosts.ts"

type Configure = Extract<Pf.PfCommand, { readonly _tag: "Configure" }>

const device = { totalVfs: 16, autoReset: false }

/** asym;sym, rate limiting, no SLA, 16 VFs. */
export const emulated = (changes: Partial<Configure> = {}): Configure =>
  configure({ svcmap: 0x71c, slas: [], device, ...changes })

/** A PF with VFs 0, 1, 2 ..., each with what the PF remembers of it, bound and open, and the PF's driver. */
export const bringUp = (
  known: ReadonlyArray<{ readonly init: number; readonly compatVersion: number }>,
  changes: Partial<Configure> = {}
) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    const pf = yield* system.actor(Pf.behavior, "17:00.0")
    yield* pf.ask(emulated(changes))
    const vfs = yield* Effect.forEach(known, (facts, vfIndex) =>
      Effect.gen(function* () {
        const vf = yield* system.actor(Vf.behavior, `17:00.${vfIndex + 1}`)
        yield* vf.ask(probe({ registerModel: "device", vfIndex, ...facts }))
        yield* vf.ask({ _tag: "Open", coreEnable: 0, allocatePrivateData: 0 })
        return vf
      })
    )
    return { pf, vfs, driver: PfDriver.make(pf, vfs) }
  })

type VfActor = Effect.Effect.Success<ReturnType<typeof bringUp>>["vfs"][number]

/** The word in PF2VM. */
export const pf2vm = (vf: VfActor): number => RegisterFile.misc(vf.unsafeState().registers, "PF2VM")

/** The guest reads a message: waits for it, and clears its doorbell. */
export const read = (vf: VfActor) =>
  Effect.gen(function* () {
    yield* vf.until(({ registers }) => (RegisterFile.misc(registers, "PF2VM") & 1) === 1)
    const word = pf2vm(vf)
    yield* vf.ask({ _tag: "WriteRegister", bar: 2, offset: 0x1008, value: word & ~1 })
    return word
  })

/** The guest says RESTARTING_COMPLETE. */
export const ready = (vf: VfActor) => vf.ask({ _tag: "WriteRegister", bar: 2, offset: 0x100c, value: 0x2b })
