/** What kind of state a word stands for: colours follow from it. Pure. */
import type { DeviceDescription } from "@stopcopy/agent"
import type { Evacuation, HostSummary, Phase } from "@stopcopy/coordinator-api"
import type { Tone } from "../ui/tone.ts"

export const phaseTone = (phase: Phase): Tone => {
  switch (phase) {
    case "completed":
      return "good"
    case "failed":
    case "refused":
      return "bad"
    case "cancelled":
    case "queued":
      return "neutral"
    case "cancelling":
    case "recovering":
      return "warn"
    default:
      return "busy"
  }
}

export const healthTone: Readonly<Record<HostSummary["health"]["state"], Tone>> = {
  reachable: "good",
  unreachable: "bad",
  unknown: "neutral"
}

export const deviceTone = (state: DeviceDescription["state"]): Tone => {
  switch (state) {
    case "RUNNING":
      return "good"
    case "ERROR":
      return "bad"
    case "STOP":
      return "neutral"
    default:
      return "busy"
  }
}

export const evacuationTone: Readonly<Record<Evacuation["state"], Tone>> = {
  running: "busy",
  cancelling: "warn",
  finished: "good",
  cancelled: "neutral"
}
