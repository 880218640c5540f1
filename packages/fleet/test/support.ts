/** Fleets for tests: hosts that are described as agents describe them, and commands that must be accepted. */
import type { Capabilities, DeviceDescription, PfDescription, Sla } from "@stopcopy/agent"
import { type Answer, decide, evolve, type Fleet, type FleetCommand, type FleetEvent, initial } from "@stopcopy/fleet"
import { Either } from "effect"

/** STOP_COPY, P2P and PRE_COPY. */
export const allFlags = 7

const capabilities: Capabilities = { gencap: 0b111, svcmap: 0x1234, extdc: 0b11, rateLimiting: false, slas: [] }

export interface PfOptions extends Partial<Capabilities> {
  readonly vfs?: number
  /** VF numbers with a guest: a predicate, none by default. */
  readonly attached?: (vfNumber: number) => boolean
  readonly device?: Partial<DeviceDescription>
}

export const pf = (name: string, { attached, device, vfs = 4, ...offers }: PfOptions = {}): PfDescription => ({
  name,
  deviceId: 0x4940,
  deviceKind: "4xxx",
  capabilities: { ...capabilities, ...offers },
  vfs: Array.from({ length: vfs }, (_, vfNumber) => ({
    name: `${name}/vf${vfNumber}`,
    vfNumber,
    socketPath: `/run/${name}-${vfNumber}.sock`,
    deviceType: "qat-gen4",
    deviceId: 0x4941,
    mode: "safe" as const,
    migrationFlags: allFlags,
    state: "RUNNING" as const,
    lifecycle: "open" as const,
    attached: attached?.(vfNumber) ?? false,
    epoch: 0,
    standing: "held" as const,
    digest: null,
    ...device
  }))
})

/** An SLA of a VF's four ring pairs. */
export const sla = (vfNumber: number, cir = 100): Sla => ({
  service: 1,
  ringPairMask: 0xfn << BigInt(4 * vfNumber),
  cir,
  pir: 200
})

export const busy = (): boolean => true

/** A host that is registered, described and reachable, at time 0. */
export const hostCommands = (host: string, ...pfs: ReadonlyArray<PfDescription>): ReadonlyArray<FleetCommand> => [
  { _tag: "RegisterHost", host, address: `unix:/run/${host}.sock`, at: 0 },
  { _tag: "DescribeHost", host, name: host, pfs, at: 0 },
  { _tag: "NoteHealth", host, reachable: true, reason: "", at: 0 }
]

/** What one command that is accepted leads to. */
export const step = (
  state: Fleet,
  command: FleetCommand
): { state: Fleet; answer: Answer; events: ReadonlyArray<FleetEvent> } => {
  const { answer, events } = decide(state, command)
  return { state: events.reduce(evolve, state), answer: Either.getOrThrowWith(answer, (refused) => refused), events }
}

/** The state after commands that are all accepted. */
export const after = (state: Fleet, ...commands: ReadonlyArray<FleetCommand>): Fleet =>
  commands.reduce((so, command) => step(so, command).state, state)

/** Two hosts of one PF with 4 VFs each; all VFs of `alpha` have guests. */
export const twoHosts = after(
  initial,
  ...hostCommands("alpha", pf("pf0", { attached: busy })),
  ...hostCommands("beta", pf("pf0"))
)

type Submit = Extract<FleetCommand, { readonly _tag: "Submit" }>

/** A migration of VF `vf` of `alpha`'s `pf0`, wherever it fits. */
export const submit = (vf: number, more: Partial<Submit> = {}): Submit => ({
  _tag: "Submit",
  migration: `m${vf}`,
  group: `vm${vf}`,
  from: "alpha",
  devices: [`pf0/vf${vf}`],
  to: null,
  priority: 5,
  downtimeLimitMs: null,
  at: 0,
  ...more
})

type End = Extract<FleetCommand, { readonly _tag: "End" }>

export const completed = (downtimeMs = 10, durationMs = 1000): End["outcome"] => ({
  _tag: "Completed",
  durationMs,
  downtimeMs,
  split: [
    ["drain", downtimeMs / 2],
    ["transfer", downtimeMs / 2]
  ]
})

export const failed = (reason = "link lost", retryable = true): End["outcome"] => ({
  _tag: "Failed",
  reason,
  retryable
})

/** The end of an attempt, the first by default. */
export const end = (migration: string, outcome: End["outcome"], more: Partial<End> = {}): End => ({
  _tag: "End",
  migration,
  attempt: 1,
  outcome,
  random: 0,
  at: 0,
  ...more
})

/** Ids of the migrations that `Schedule` gives out. */
export const startedBy = ({ answer }: { readonly answer: Answer }): ReadonlyArray<string> =>
  answer._tag === "Scheduled" ? answer.starts.map(({ migration }) => migration.id) : []
