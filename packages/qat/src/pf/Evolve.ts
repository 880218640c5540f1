/** Applies one event to a PF. Total: an event is a fact, whatever today's rules say. */
import type { PfEvent } from "./Event.ts"
import { type Heartbeat, type Pf, type PfDevice, setUp } from "./State.ts"

const withDevice = (state: Pf, change: (device: PfDevice) => Partial<PfDevice>): Pf =>
  state.device === undefined ? state : { ...state, device: { ...state.device, ...change(state.device) } }

const withHeartbeat = (state: Pf, change: (heartbeat: Heartbeat) => Partial<Heartbeat>): Pf =>
  withDevice(state, ({ heartbeat }) => ({ heartbeat: { ...heartbeat, ...change(heartbeat) } }))

const configured = (state: Pf, event: Extract<PfEvent, { readonly _tag: "Configured" }>): Pf => {
  const { _tag, device, ...values } = event
  const after = { ...state, ...values }
  return device === undefined ? after : { ...after, device: setUp(state.device, device) }
}

/** What stands behind the PF after `event`; undefined for an event of another kind. */
const onDevice = (state: Pf, event: PfEvent): Pf | undefined => {
  switch (event._tag) {
    case "VfsEnabled":
      return withDevice(state, () => ({ vfs: event.vfs }))
    case "VfsDisabled":
      return withDevice(state, () => ({ vfs: 0 }))
    case "RestartBegun":
      return withDevice(state, () => ({ restart: event.cause }))
    case "RestartEnded":
      return withHeartbeat(
        withDevice(state, () => ({ restart: null })),
        () => ({ beats: [], injected: null })
      )
    case "DeviceLost":
      return withDevice(state, () => ({ lost: true }))
    case "HeartbeatChecked": {
      const { alive, at, beats } = event
      return withHeartbeat(state, ({ failed, sent }) => ({
        sent: sent + 1,
        failed: alive ? failed : failed + 1,
        alive,
        checkedAt: at,
        beats
      }))
    }
    case "FatalErrorFound":
      return withHeartbeat(state, () => ({ fatalAt: event.at }))
    case "HeartbeatErrorInjected":
      return withHeartbeat(state, () => ({ injected: event.pair }))
    default:
      return undefined
  }
}

const apply = (state: Pf, event: PfEvent): Pf => {
  switch (event._tag) {
    case "Configured":
      return configured(state, event)
    case "SlaAdded":
      return { ...state, slas: [...state.slas, event.sla] }
    case "SlaUpdated": {
      const { cir, pir } = event
      return { ...state, slas: state.slas.map((sla, slot) => (slot === event.slot ? { ...sla, cir, pir } : sla)) }
    }
    case "SlaRemoved":
      return { ...state, slas: state.slas.filter((_, slot) => slot !== event.slot) }
    case "MailboxLocked":
      return { ...state, locks: { ...state.locks, [`${event.vf}`]: event.holder } }
    case "MailboxUnlocked": {
      const { [`${event.vf}`]: _, ...locks } = state.locks
      return { ...state, locks }
    }
    default:
      return onDevice(state, event) ?? state
  }
}

/** The PF after `event`. Events that only record (refusals, messages that nobody read) change the version alone. */
export const evolve = (state: Pf, event: PfEvent): Pf => ({ ...apply(state, event), version: state.version + 1 })
