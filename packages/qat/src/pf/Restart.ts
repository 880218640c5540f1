/**
 * When a PF's device restarts, and what is recorded of its VFs meanwhile. Who tells them and waits is `PfDriver.ts`. Source:
 * `qat_common/adf_aer.c`, `adf_pfvf_pf_msg.c`.
 */
import type { PfCommand } from "./Command.ts"
import { accept, type Decision, onDevice } from "./Decision.ts"
import type { Pf } from "./State.ts"

type Command<Tag extends PfCommand["_tag"]> = Extract<PfCommand, { readonly _tag: Tag }>

/** A device that restarts already, or is gone, does not begin again. */
export const begin = (state: Pf, { cause }: Command<"BeginRestart">): Decision =>
  onDevice(state, "restart", ({ lost, restart }) =>
    accept(restart === null && !lost ? [{ _tag: "RestartBegun", cause }] : [])
  )

export const end = (state: Pf): Decision =>
  onDevice(state, "restart", ({ restart }) => accept(restart === null ? [] : [{ _tag: "RestartEnded" }]))

export const lose = (state: Pf): Decision =>
  onDevice(state, "lose the device", ({ lost }) => accept(lost ? [] : [{ _tag: "DeviceLost" }]))

export const noteUnread = (state: Pf, { message, vf }: Command<"NoteUnread">): Decision =>
  onDevice(state, "message to a VF", () => accept([{ _tag: "MessageUnread", vf, message }]))

export const noteRunning = (state: Pf, { vfs }: Command<"NoteRunning">): Decision =>
  onDevice(state, "restart", () => accept(vfs.length === 0 ? [] : [{ _tag: "VfsStillRunning", vfs }]))
