/** Time travel in a real browser: the bundle of a migration that was, opened as a file without a coordinator. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { consoleSite } from "@stopcopy/workbench"
import { launchChromium } from "@stopcopy/workbench/chromium"
import { seriousFindings } from "./support/axe.ts"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { open, type Page } from "./support/browser.ts"
import { serveFiles } from "./support/files.ts"

const golden = join(import.meta.dirname, "golden/migration.bundle")

let browser: Awaited<ReturnType<typeof launchChromium>>
let files: Awaited<ReturnType<typeof serveFiles>>
let folder = ""
/** A page in which the bundle was opened as a file, without a coordinator. */
let page: Page
let mistakes: ReadonlyArray<string> = []

beforeAll(async () => {
  ;[files, browser, folder] = await Promise.all([
    consoleSite().then(serveFiles),
    launchChromium(),
    mkdtemp(join(tmpdir(), "stopcopy-travel-"))
  ])
  const opened = await open(browser, files, "/")
  mistakes = opened.mistakes
  page = opened.page
  await page.getByRole("link", { name: "Open a bundle without a coordinator" }).click()
  await page.setInputFiles("input[type=file]", golden)
}, 120_000)

afterAll(async () => {
  await browser.close()
  files.close()
  await rm(folder, { recursive: true })
})

const slider = (of = page) => of.getByRole("slider", { name: "Moment in the timeline" })
const where = (of = page) => of.locator(".travel-where strong").textContent()
const valueOf = (field: string, of = page) =>
  of
    .locator(".travel-state [role=treeitem]", { hasText: new RegExp(`^\\W*${field}`) })
    .locator(".travel-node-text")
    .first()
    .textContent()

/** Goes to an address of the opened bundle, as a link would. */
const goTo = async (query: string): Promise<void> => {
  await page.evaluate(`history.pushState(null, "", "/travel?${query}"); dispatchEvent(new PopStateEvent("popstate"))`)
}

/** The place of the first event in the list of a kind, after it is chosen. */
const choose = async (kind: string, stream: RegExp): Promise<string> => {
  await page.getByRole("combobox", { name: "Kind" }).selectOption(kind)
  await page.getByRole("option", { name: stream }).filter({ hasText: kind }).first().click()
  return (await where()) ?? ""
}

const showAll = () => page.getByRole("button", { name: "Show all" }).click()

describe("a bundle as a file, without a coordinator", () => {
  it("shows every journal, and steps through events by keys", async () => {
    await slider().waitFor()
    assert.deepStrictEqual(await page.locator(".travel-lane-name").allTextContents(), [
      "coordinator",
      "source",
      "destination"
    ])
    const first = await where()
    await slider().press("End")
    const last = await slider().getAttribute("aria-valuenow")
    assert.strictEqual(last, await slider().getAttribute("aria-valuemax"))
    assert.notStrictEqual(await where(), first)
    await slider().press("ArrowLeft")
    assert.strictEqual(await slider().getAttribute("aria-valuenow"), String(Number(last) - 1))
    await slider().press("Home")
    assert.strictEqual(await where(), "start")
    await slider().press("ArrowRight")
    assert.strictEqual(await where(), first)
    await page.getByRole("listbox", { name: "Events" }).press("ArrowDown")
    assert.strictEqual(await slider().getAttribute("aria-valuenow"), "2")
  })

  it("shows the state at an event, and who set a field", async () => {
    const place = await choose("StateSaved", /source.*vf\/pf0\/vf0/)
    assert.match(place, /^source:\d+$/)
    await showAll()
    assert.strictEqual(await valueOf("migrationState"), '"PRE_COPY_P2P"')
    await page.getByRole("treeitem", { name: /^\W*migrationState/ }).click()
    const setting = page.locator(".travel-setting").first()
    await setting.getByRole("button", { name: /ArcTaken/ }).waitFor()
    assert.match((await setting.textContent()) ?? "", /source:\d+ ArcTaken.*"PRE_COPY".*"PRE_COPY_P2P"/)
    await setting.getByRole("button").click()
    assert.notStrictEqual(await where(), place)
    await page.getByRole("tab", { name: "Changes" }).click()
    const change = page.locator(".travel-change", { hasText: "migrationState" }).first()
    assert.match((await change.textContent()) ?? "", /"PRE_COPY""PRE_COPY_P2P"/)
  })

  it("shows what differs between two marks", async () => {
    await goTo("at=start")
    await page.getByRole("button", { name: "Set mark A here" }).click()
    await slider().press("End")
    await page.getByRole("button", { name: "Set mark B here" }).click()
    const between = page.locator(".travel-section", { hasText: "Between the marks" })
    const group = between.locator(".travel-changes", { hasText: /coordinator:migration/ })
    assert.match(
      (await group.locator(".travel-change", { hasText: "phase" }).textContent()) ?? "",
      /"queued""completed"/
    )
  })

  it("shows causes and effects, each a way to its event", async () => {
    const place = await choose("ArcWaits", /source.*vf\/pf0\/vf0/)
    await showAll()
    await page.getByRole("tab", { name: "Causes" }).click()
    const effect = page.locator(".travel-cause:not(.travel-cause-self)").first()
    const name = await effect.locator(".travel-cause-place").textContent()
    await effect.click()
    assert.include(name ?? "none", (await where()) ?? "")
    assert.notStrictEqual(await where(), place)
    await page.locator(".travel-cause", { hasText: place }).click()
    assert.strictEqual(await where(), place)
  })

  it("shows the migration block as a tree beside its bytes, each lighting the other", async () => {
    await choose("StateSaved", /source.*vf\/pf0\/vf0/)
    await showAll()
    await page.getByRole("tab", { name: "Block" }).click()
    const bytes = page.getByRole("grid", { name: "Bytes of the block" })
    await page
      .getByRole("treeitem", { name: /^\W*magic/ })
      .first()
      .hover()
    assert.deepStrictEqual(await bytes.locator(".travel-lit").allTextContents(), ["ea", "ca", "f5", "ad"])
    await bytes.locator("#byte-5").hover()
    const lit = page.getByRole("tree", { name: "Fields of the block" }).locator(".travel-lit")
    assert.match((await lit.textContent()) ?? "", /version/)
    await bytes.locator("#byte-5").click()
    await bytes.press("ArrowDown")
    assert.strictEqual(await bytes.locator(".travel-byte-active").getAttribute("id"), "byte-21")
  })

  it("finds events by text and kind, and lists them alone", async () => {
    await goTo("at=start")
    await page.getByRole("searchbox").fill("statesaved")
    await page.getByText(/^\d+ of \d+ events$/).waitFor()
    const rows = await page.getByRole("listbox", { name: "Events" }).getByRole("option").allTextContents()
    assert.isAbove(rows.length, 1)
    for (const row of rows) assert.match(row.toLowerCase(), /statesaved/)
    await page.getByRole("button", { name: "Failures" }).click()
    await page.getByText(/^0 of \d+ events$/).waitFor()
    await goTo("at=source:60&text=statesaved")
    await showAll()
    const inSight = `(() => {
      const line = document.querySelector('[role=option][aria-selected="true"]')?.getBoundingClientRect()
      const list = document.querySelector(".travel-events .travel-rows").getBoundingClientRect()
      return line !== undefined && line.top >= list.top && line.bottom <= list.bottom
    })()`
    await page.waitForFunction(inSight)
  })

  it("says in one line what is wrong with a file, and opens the next that is dropped", async () => {
    await writeFile(join(folder, "notes.txt"), "these are notes")
    await page.setInputFiles("input[type=file]", join(folder, "notes.txt"))
    const alert = page.getByRole("alert")
    await alert.getByText("notes.txt is not a bundle of Stopcopy: it is no gzip file").waitFor()
    const whole = await readFile(golden)
    await writeFile(join(folder, "cut.bundle"), whole.slice(0, whole.length - 300))
    await page.setInputFiles("input[type=file]", join(folder, "cut.bundle"))
    await alert.getByText(/bundle cut\.bundle is damaged at line \d+/).waitFor()
    const dropped = whole.toString("base64")
    await page.evaluate(`{
      const transfer = new DataTransfer()
      const bytes = Uint8Array.from(atob("${dropped}"), (letter) => letter.charCodeAt(0))
      transfer.items.add(new File([bytes], "dropped.bundle"))
      document.querySelector(".travel-drop").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }))
    }`)
    await page.getByText("dropped.bundle").waitFor()
    await slider().waitFor()
    assert.deepStrictEqual(mistakes, [])
  })

  it("has no serious findings of axe", async () => {
    await goTo("at=source:60&a=source:14&b=source:55&actor=source:vf/pf0/vf0&field=migrationState")
    for (const panel of ["Changes", "Block"]) {
      await page.getByRole("tab", { name: panel }).click()
      assert.strictEqual(await seriousFindings(page, panel), "")
    }
  })
})
