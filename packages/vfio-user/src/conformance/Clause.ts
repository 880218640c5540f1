/**
 * One clause of the protocol as data: what must hold, where that stands, what a server needs for it, and how it is looked at. Source: the public texts that
 * each clause names; where they differ, a clause takes what either allows and says which it met.
 */
import type { Effect } from "effect"
import type { Bench } from "./Bench.ts"
import type { Need } from "./Need.ts"
import type { Broken, NotApplicable } from "./Verdict.ts"

/** How a clause was met, where the texts leave a choice; nothing where they do not. */
type Met = string | void

export interface Clause {
  /** Its group and its own name: `header.echo`. Unique. */
  readonly name: string
  /** What holds, as one sentence without its stop. */
  readonly rule: string
  /** Where that stands. */
  readonly sources: ReadonlyArray<string>
  readonly needs: ReadonlyArray<Need>
  /** `raw`: the clause negotiates by itself. Else the bench has agreed on a version and the device is RUNNING. */
  readonly opening: "negotiated" | "raw"
  readonly check: (bench: Bench) => Effect.Effect<Met, Broken | NotApplicable>
}

/** Parts of a clause that have a usual value. */
interface Parts extends Pick<Clause, "name" | "rule" | "sources" | "check"> {
  readonly needs?: ReadonlyArray<Need>
  readonly opening?: Clause["opening"]
}

export const clause = (parts: Parts): Clause => ({ needs: [], opening: "negotiated", ...parts })

/** A section of the protocol's text. */
export const text = (section: string): string => `QEMU docs/interop/vfio-user.rst, "${section}"`
/** The section of a command of the protocol's text. */
export const textOf = (command: string): string => text(`VFIO_USER_${command}`)
/** A place in the library. */
export const library = (place: string): string => `libvfio-user ${place}`
/** A definition of the kernel's interface. */
export const uapi = (definition: string): string => `include/uapi/linux/vfio.h, ${definition}`
