/** How long the page takes from an input to what it led to being painted, measured in the page itself. */
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

/** Makes inputs one after the other, each when what the one before led to is painted; gives the milliseconds of each. */
const timesOf = async (page: Page, count: number, input: (index: number) => Promise<void>) => {
  await page.evaluate("window.inputTimes.length = 0")
  for (let index = 0; index < count; index++) {
    await input(index)
    await page.waitForFunction(`window.inputTimes.length > ${index}`, undefined, { polling: "raf" })
  }
  return Times(await page.evaluate("window.inputTimes"))
}

interface Scrubbing {
  /** A key that leads nowhere: what the browser takes by itself. */
  readonly floor: ReadonlyArray<number>
  /** Arrow and page keys. */
  readonly keys: ReadonlyArray<number>
  /** A pointer that is dragged to and fro over the whole timeline. */
  readonly drags: ReadonlyArray<number>
}

const keysInTurn = ["ArrowRight", "ArrowLeft", "PageDown", "ArrowRight", "PageUp", "PageUp"] as const

/** Milliseconds from each of `count` inputs of a kind to its frame. */
export const measureScrubbing = async (page: Page, count: number): Promise<Scrubbing> => {
  const slider = page.getByRole("slider", { name: "Moment in the timeline" })
  await page.evaluate(watching)
  await slider.press("End")
  await page.waitForFunction("window.inputTimes.length > 0")
  const floor = await timesOf(page, count, () => page.keyboard.press("End"))
  await timesOf(page, 1, () => page.keyboard.press("PageDown"))
  const keys = await timesOf(page, count, (index) =>
    page.keyboard.press(keysInTurn[index % keysInTurn.length] ?? "End")
  )
  const box = await slider.boundingBox()
  if (box === null) throw new Error("the timeline is not in sight")
  const { height, width, x, y } = box
  await page.mouse.move(x + width / 2, y + height / 2)
  await page.mouse.down()
  const drags = await timesOf(page, count, (index) =>
    page.mouse.move(x + (((index * 37) % 101) / 101) * (width - 2) + 1, y + height / 2)
  )
  await page.mouse.up()
  return { floor, keys, drags }
}

/** The value below which this part of all are. */
const quantile = (times: ReadonlyArray<number>, part: number): number =>
  times.toSorted((one, other) => one - other)[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN

/** A line for a report. */
export const scrubbingText = ({ drags, floor, keys }: Scrubbing, events: number): string => {
  const figures = (times: ReadonlyArray<number>) =>
    `p50 ${quantile(times, 0.5).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms`
  return [
    `scrubbing over ${events} events, from input to paint:`,
    `keys ${figures(keys)};`,
    `drags ${figures(drags)};`,
    `floor (a key that changes nothing) ${figures(floor)}`
  ].join(" ")
}
