/**
 * The states of the VFIO migration protocol v2 as a picture: where each stands, which arcs lead from one to another, what each means. Pure. Source:
 * `include/uapi/linux/vfio.h`; ERROR has no arcs, and stands apart.
 */
import type { DeviceDescription } from "@stopcopy/agent"

export type DeviceState = DeviceDescription["state"]

interface StateFacts {
  /** The middle of its box. */
  readonly x: number
  readonly y: number
  /** What a device does there, in a few words. */
  readonly means: string
}

/** Boxes are this large. */
export const box = { width: 118, height: 30 } as const
/** The whole picture. */
export const picture = { width: 420, height: 190 } as const

const [left, middle, right] = [66, 210, 354]
const [top, centre, bottom] = [24, 95, 166]

export const states: Readonly<Record<DeviceState, StateFacts>> = {
  RUNNING: { x: middle, y: top, means: "runs" },
  RUNNING_P2P: { x: middle, y: centre, means: "runs, and starts no DMA to other devices" },
  STOP: { x: middle, y: bottom, means: "stands still" },
  PRE_COPY: { x: right, y: top, means: "runs, and its state is read meanwhile" },
  PRE_COPY_P2P: { x: right, y: centre, means: "starts no DMA to other devices, and its state is read" },
  STOP_COPY: { x: right, y: bottom, means: "stands still, and its state is read" },
  RESUMING: { x: left, y: bottom, means: "stands still, and takes the state that is loaded" },
  ERROR: { x: left, y: top, means: "is broken until it is reset" }
}

export const stateNames: ReadonlyArray<DeviceState> = [
  "RUNNING",
  "RUNNING_P2P",
  "STOP",
  "PRE_COPY",
  "PRE_COPY_P2P",
  "STOP_COPY",
  "RESUMING"
]

/** Single arcs; `both`: there is one back too. */
export const arcs: ReadonlyArray<{ readonly from: DeviceState; readonly to: DeviceState; readonly both: boolean }> = [
  { from: "RUNNING", to: "RUNNING_P2P", both: true },
  { from: "RUNNING", to: "PRE_COPY", both: true },
  { from: "RUNNING_P2P", to: "STOP", both: true },
  { from: "RUNNING_P2P", to: "PRE_COPY_P2P", both: true },
  { from: "PRE_COPY", to: "PRE_COPY_P2P", both: true },
  { from: "PRE_COPY_P2P", to: "STOP_COPY", both: false },
  { from: "STOP", to: "STOP_COPY", both: true },
  { from: "STOP", to: "RESUMING", both: true }
]

/** Whether somebody went along the arc, either way. */
export const isTaken = (path: ReadonlyArray<DeviceState>, from: DeviceState, to: DeviceState): boolean =>
  path.some((state, index) => {
    const next = path[index + 1]
    return (state === from && next === to) || (state === to && next === from)
  })

/** A line from box to box, without what would lie below them. */
export const lineOf = (from: DeviceState, to: DeviceState) => {
  const [one, other] = [states[from], states[to]]
  const gap = 3
  const [dx, dy] = [Math.sign(other.x - one.x), Math.sign(other.y - one.y)]
  const [width, height] = [box.width / 2 + gap, box.height / 2 + gap]
  return {
    x1: one.x + dx * width,
    y1: one.y + dy * height,
    x2: other.x - dx * width,
    y2: other.y - dy * height
  }
}
