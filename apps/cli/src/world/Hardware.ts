/** What the hosts of the small fleet have, for their emulators and for people. */
import type { HostName } from "./World.ts"

/** Symmetric crypto alone, and without AES-GCM in one pass (bit 16). */
const lesser = "b=4xxx:1,services=sym,capabilities=0x4000009"

/** PF a with so many VFs on both hosts, and a PF on beta that few guests fit; as options of the emulator. */
export const pfsWith = (vfs: number): Readonly<Record<HostName, ReadonlyArray<string>>> => ({
  alpha: ["--pf", `a=4xxx:${vfs}`],
  beta: ["--pf", `a=4xxx:${vfs}`, "--pf", lesser]
})

/** Promises to VF 0. An SLA names ring pairs, so its guest fits only the same VF number; rates may be higher where it goes, never lower. */
export const slas: Readonly<Record<HostName, ReadonlyArray<string>>> = {
  alpha: ["--sla", "a/vf0=sym:400:800"],
  beta: ["--sla", "a/vf0=sym:500:1000"]
}

/** The same in words. */
export const hardwareText = (vfs: number): Readonly<Record<HostName, string>> => ({
  alpha: `PF a with ${vfs} VFs`,
  beta: `PF a with ${vfs} VFs; PF b with one, without AES-GCM and compression`
})
