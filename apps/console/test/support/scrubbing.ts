/** What an input costs the page until what it led to is painted: the time that somebody waits, and that of the processor, which other processes do not lengthen. */
import { Schema } from "effect"
import type { Page } from "./browser.ts"

/** The frame that an event led to has been painted when a task runs that was begun in the frame's own callback. */
const watching = `
  window.inputTimes = []
  const painted = (event) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => window.inputTimes.push(performance.now() - event.timeStamp)
    port2.postMessage(0)
  })
  addEventListener("keydown", painted, true)
  addEventListener("pointermove", painted, true)`

const Times = Schema.decodeUnknownSync(Schema.Array(Schema.Number))

/** Milliseconds of each input. */
interface Costs {
  /** From the input to the frame. */
  readonly waited: ReadonlyArray<number>
  /** Of the processor, in the page's main thread. */
  readonly busy: ReadonlyArray<number>
}

interface Scrubbing {
  /** A key that leads nowhere: what the browser takes by itself. */
  readonly floor: Costs
  /** Arrow and page keys. */
  readonly keys: Costs
  /** A pointer that is dragged to and fro over the whole timeline. */
  readonly drags: Costs
}

/** Reads how long the page's main thread has been busy, in milliseconds of the processor. */
const makeClock = async (page: Page): Promise<() => Promise<number>> => {
  const devTools = await page.context().newCDPSession(page)
  await devTools.send("Performance.enable", { timeDomain: "threadTicks" })
  return async () => {
    const { metrics } = await devTools.send("Performance.getMetrics")
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN) * 1000
  }
}

/** Makes inputs one after the other, each when what the one before led to is painted. */
const costsOf = async (
  page: Page,
  clock: () => Promise<number>,
  count: number,
  input: (index: number) => Promise<void>
): Promise<Costs> => {
  await page.evaluate("window.inputTimes.length = 0")
  const busy: Array<number> = []
  for (let index = 0; index < count; index++) {
    const before = await clock()
    await input(index)
    await page.waitForFunction(`window.inputTimes.length > ${index}`, undefined, { polling: "raf" })
    busy.push((await clock()) - before)
  }
  return { waited: Times(await page.evaluate("window.inputTimes")), busy }
}

const keysInTurn = ["ArrowRight", "ArrowLeft", "PageDown", "ArrowRight", "PageUp", "PageUp"] as const

/** What `count` inputs of each kind cost. */
export const measureScrubbing = async (page: Page, count: number): Promise<Scrubbing> => {
  const slider = page.getByRole("slider", { name: "Moment in the timeline" })
  const clock = await makeClock(page)
  const press = (key: string) => page.keyboard.press(key)
  await page.evaluate(watching)
  await slider.press("End")
  await page.waitForFunction("window.inputTimes.length > 0")
  const floor = await costsOf(page, clock, count, () => press("End"))
  await costsOf(page, clock, 1, () => press("PageDown"))
  const keys = await costsOf(page, clock, count, (index) => press(keysInTurn[index % keysInTurn.length] ?? "End"))
  const box = await slider.boundingBox()
  if (box === null) throw new Error("the timeline is not in sight")
  const { height, width, x, y } = box
  await page.mouse.move(x + width / 2, y + height / 2)
  await page.mouse.down()
  const drags = await costsOf(page, clock, count, (index) =>
    page.mouse.move(x + (((index * 37) % 101) / 101) * (width - 2) + 1, y + height / 2)
  )
  await page.mouse.up()
  return { floor, keys, drags }
}

/** The value below which this part of all are. */
const quantile = (times: ReadonlyArray<number>, part: number): number =>
  times.toSorted((one, other) => one - other)[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN

const figures = (times: ReadonlyArray<number>): string =>
  `p50 ${quantile(times, 0.5).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms`

const costsText = (what: string, { busy, waited }: Costs): string =>
  `  ${what}: from input to paint ${figures(waited)}; processor ${figures(busy)}`

/** Lines for a report. */
export const scrubbingText = ({ drags, floor, keys }: Scrubbing, events: number): string =>
  [
    `scrubbing over ${events} events`,
    costsText("keys", keys),
    costsText("drags", drags),
    costsText("floor, a key that changes nothing", floor)
  ].join("\n")
