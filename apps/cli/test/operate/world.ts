/** A small fleet as the API has it: two hosts, three VFs, migrations and an evacuation that go on whenever somebody looks. */
import type {
  Evacuation,
  EvacuationPlan,
  Event,
  Group,
  Host,
  Migration,
  Placement,
  Policy,
  Preflight,
  Vf
} from "@stopcopy/coordinator-api"
import type { Refusal } from "@stopcopy/errno"

/** 2026-11-30T08:00:00Z, in milliseconds since 1970. */
const at = Date.UTC(2026, 10, 30, 8)

export const gencap: Refusal = {
  code: "qat.gencap.superset",
  rule: "the destination must have every bit of the source",
  where: "pf0 gencap",
  source: "0x1000021",
  destination: "0x21",
  remedy: "choose a PF with AES-GCM"
}

export const cordoned: Refusal = {
  code: "fleet.host.cordoned",
  rule: "a host that is cordoned takes no guest",
  where: "beta",
  source: "a guest",
  destination: "cordoned",
  remedy: "uncordon it, or choose another host"
}

const device = {
  socketPath: "/run/vf.sock",
  deviceType: "qat-gen4",
  deviceId: 0x4941,
  mode: "kernel",
  migrationFlags: 7,
  compatVersion: 4,
  epoch: 1,
  standing: "held",
  digest: null
} as const

/** A VF of alpha with a guest, and one without. */
export const vfs: ReadonlyArray<Vf> = [
  {
    ...device,
    host: "alpha",
    pf: "pf0",
    name: "pf0/vf0",
    vfNumber: 0,
    group: "web-1",
    migration: "m-1",
    state: "PRE_COPY",
    lifecycle: "open",
    attached: true
  },
  {
    ...device,
    host: "alpha",
    pf: "pf0",
    name: "pf0/vf1",
    vfNumber: 1,
    group: null,
    migration: null,
    compatVersion: 0,
    state: "RUNNING",
    lifecycle: "bound",
    attached: false
  }
]

const capabilities = { gencap: 0x1000021, svcmap: 0x249, extdc: 0, rateLimiting: false, slas: [] }

const alpha: Host = {
  name: "alpha",
  address: "http://10.0.0.1:7701",
  health: { state: "reachable", sinceAt: at, reason: "" },
  cordon: null,
  describedAt: at,
  pfs: [{ name: "pf0", deviceId: 0x4940, deviceKind: "4xxx", capabilities, vfs, cordon: null }]
}

export const beta: Host = {
  name: "beta",
  address: "unix:/run/beta.sock",
  health: { state: "unreachable", sinceAt: at, reason: "connection refused" },
  cordon: { sinceAt: at, reason: "new kernel", evacuation: "e-1" },
  describedAt: null,
  pfs: []
}

export const groups: ReadonlyArray<Group> = [{ name: "web-1", host: "alpha", devices: ["pf0/vf0"] }]

const placements: ReadonlyArray<Placement> = [
  { host: "beta", devices: [], blockers: [gencap, cordoned] },
  { host: "gamma", devices: ["pf1/vf3"], blockers: [] }
]

export const fitting: Preflight = {
  fits: true,
  blockers: [],
  from: "alpha",
  to: "beta",
  moves: [{ source: "pf0/vf0", destination: "pf0/vf5" }],
  checkedAt: at
}

const policy: Policy = {
  limits: { fleet: 16, host: 4, pf: 2 },
  ageingMillis: 60_000,
  downtimeLimitMillis: 300,
  retry: { attempts: 3, baseMillis: 1000, maxMillis: 60_000, jitter: 0.5 },
  breaker: { failures: 5, pauseMillis: 30_000, maxPauseMillis: 600_000 }
}

/** A migration that is queued. */
export const queued: Migration = {
  id: "m-1",
  group: "web-1",
  from: "alpha",
  to: "beta",
  moves: [{ source: "pf0/vf0", destination: "pf0/vf5" }],
  evacuation: null,
  priority: 5,
  phase: "queued",
  attempt: 0,
  inDoubt: false,
  queuedAt: at,
  endedAt: null,
  verdict: null,
  downtimeMicros: null,
  blockers: [],
  steps: [],
  now: [],
  bytes: 0,
  forecast: null,
  downtime: null,
  downtimeLimitMillis: 300,
  committed: false,
  cause: null,
  lastReason: null,
  retryAt: null,
  doubts: [],
  resolutions: [],
  left: []
}

const preCopy: Migration = {
  ...queued,
  phase: "pre-copy",
  attempt: 1,
  bytes: 90,
  now: ["copy"],
  forecast: { micros: 12_400, samples: 8, limitMillis: 300 }
}

const downtime = {
  drain: 1200,
  stop: 300,
  save: 2100,
  transfer: 900,
  load: 3000,
  verify: 800,
  vote: 0,
  commit: 2400,
  resume: 1100
}

export const completed: Migration = {
  ...preCopy,
  phase: "completed",
  now: [],
  bytes: 4096,
  committed: true,
  endedAt: at + 1500,
  verdict: { outcome: "completed", guest: "destination", reason: "" },
  downtimeMicros: 11_900,
  downtime: { ...downtime, whole: 11_900, other: 100 },
  steps: [{ step: "save", beganAt: at + 1400, endedAt: at + 1402, bytes: 4006 }]
}

/** How a migration goes that is completed. */
export const going: ReadonlyArray<Migration> = [
  queued,
  { ...queued, phase: "preflight", attempt: 1 },
  preCopy,
  { ...preCopy, phase: "switchover", bytes: 4096, now: ["save", "load"] },
  completed
]

const ended = (phase: "failed" | "cancelled" | "refused", reason: string): Migration => ({
  ...preCopy,
  phase,
  now: [],
  forecast: null,
  bytes: 0,
  endedAt: at + 900,
  verdict: { outcome: phase, guest: "source", reason }
})

export const failed = ended("failed", "the digests of bank 2 differ")
export const cancelled = ended("cancelled", "somebody asked for it")
export const refused: Migration = { ...ended("refused", "it does not fit"), blockers: [gencap, cordoned] }

export const inDoubt: Migration = {
  ...preCopy,
  phase: "recovering",
  inDoubt: true,
  now: [],
  doubts: [
    { step: "fence", side: "source", device: "pf0/vf0", code: "agent.unreachable", message: "alpha does not answer" }
  ],
  resolutions: [
    { verdict: "destination", consequences: "You vouch that alpha is off.\nThe guest runs on at beta." },
    { verdict: "source", consequences: "You vouch that beta is off." }
  ]
}

export const plan: EvacuationPlan = {
  host: "alpha",
  pf: null,
  moves: [{ group: "web-1", to: "gamma", moves: [{ source: "pf0/vf0", destination: "pf1/vf3" }] }],
  refused: [{ group: "old-1", blockers: [gencap] }],
  willStop: [{ group: "big-1", blockers: [cordoned] }],
  idle: [],
  leaving: ["m-7"],
  arriving: []
}

export const evacuating: Evacuation = {
  id: "e-1",
  host: "alpha",
  pf: null,
  state: "running",
  startedAt: at,
  endedAt: null,
  moves: 3,
  completed: 1,
  failed: 0,
  cancelled: 0,
  turnedDown: 0,
  refused: 0,
  willStop: 0,
  idle: 0,
  staying: [],
  left: { p50Millis: 2100, p99Millis: 4000, samples: 8 }
}

export const evacuated: Evacuation = { ...evacuating, state: "finished", completed: 3, endedAt: at + 4200, left: null }

/** Events of the journal: two of the migration. */
export const events: ReadonlyArray<Event> = [
  {
    sequence: 1,
    stream: "fleet/fleet",
    type: "HostAdded",
    time: at * 1000,
    correlation: "r-1",
    causation: null,
    payload: { id: "alpha" }
  },
  {
    sequence: 2,
    stream: "migration/m-1",
    type: "Begun",
    time: at * 1000 + 5,
    correlation: "m-1",
    causation: "1",
    payload: { epoch: 2 }
  }
]

/** What a coordinator knows; tests change it before they ask. */
export interface World {
  /** What is handed out as the bundle of any migration. */
  bundle: Uint8Array
  hosts: ReadonlyArray<Host>
  preflight: Preflight
  placements: ReadonlyArray<Placement>
  /** How the one migration goes: each look is at the next of these, and ends at the last. */
  migration: ReadonlyArray<Migration>
  plan: EvacuationPlan
  /** The same of the one evacuation. */
  evacuation: ReadonlyArray<Evacuation>
  policy: Policy
}

export const world = (): World => ({
  hosts: [alpha, beta],
  preflight: fitting,
  placements,
  migration: going,
  plan,
  evacuation: [evacuating, evacuated],
  policy,
  bundle: new Uint8Array()
})
