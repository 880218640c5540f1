/** Scrubbing over 100,000 events: shows what it should, and how quickly it does is reported. Timings fail nothing: the machine may be busy. */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { consoleSite } from "@stopcopy/workbench"
import { launchChromium } from "@stopcopy/workbench/chromium"
import { Effect } from "effect"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { open } from "./support/browser.ts"
import { serveFiles } from "./support/files.ts"
import { largeBundle } from "./support/largeBundle.ts"
import { measureScrubbing, scrubbingText } from "./support/scrubbing.ts"

const events = 100_000
/** Inputs of each kind; more by STOPCOPY_SCRUBS, for a figure that is worth more. */
const inputs = Number(process.env["STOPCOPY_SCRUBS"] ?? 40)

let browser: Awaited<ReturnType<typeof launchChromium>>
let files: Awaited<ReturnType<typeof serveFiles>>
let folder = ""

beforeAll(async () => {
  ;[files, browser, folder] = await Promise.all([
    consoleSite().then(serveFiles),
    launchChromium(),
    mkdtemp(join(tmpdir(), "stopcopy-travel-"))
  ])
}, 120_000)

afterAll(async () => {
  await browser.close()
  files.close()
  await rm(folder, { recursive: true })
})

it("scrubs over 100,000 events of eight VFs", { timeout: 120_000 }, async () => {
  const bytes = await Effect.runPromise(largeBundle(events))
  await writeFile(join(folder, "large.bundle"), bytes)
  const { mistakes, page } = await open(browser, files, "/", { width: 1440 })
  await page.getByRole("link", { name: "Open a bundle without a coordinator" }).click()
  await page.setInputFiles("input[type=file]", join(folder, "large.bundle"))
  const slider = page.getByRole("slider", { name: "Moment in the timeline" })
  await slider.waitFor({ timeout: 60_000 })
  assert.strictEqual(await slider.getAttribute("aria-valuemax"), String(events))
  const registers = page.getByRole("treeitem", { name: /^\W*registers/ })
  await registers.locator(".travel-twist").click()
  await slider.press("End")
  await page.getByRole("treeitem", { name: /TAIL/ }).first().waitFor()

  const scrubbing = await measureScrubbing(page, inputs)
  console.log(scrubbingText(scrubbing, events))
  assert.deepStrictEqual([scrubbing.keys.waited.length, scrubbing.drags.waited.length], [inputs, inputs])

  // The same moment, come to from its neighbours and from far away, is the same state.
  const shown = async () => [
    await page.locator(".travel-where strong").textContent(),
    ...(await page.locator(".travel-state [role=treeitem]").allTextContents())
  ]
  await slider.press("ArrowLeft")
  const [place, ...state] = await shown()
  assert.isAbove(state.length, 20)
  await slider.press("ArrowLeft")
  await slider.press("ArrowRight")
  assert.deepStrictEqual(await shown(), [place, ...state])
  await slider.press("Home")
  assert.notDeepEqual(await shown(), [place, ...state])
  await page.evaluate(
    `history.pushState(null, "", "/travel?at=${place}"); dispatchEvent(new PopStateEvent("popstate"))`
  )
  assert.deepStrictEqual(await shown(), [place, ...state])
  assert.deepStrictEqual(mistakes, [])
})
