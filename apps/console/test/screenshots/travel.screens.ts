/** Pictures of time travel for `docs/screenshots`, from a real run: `pnpm screenshots`. */
import { afterAll, beforeAll, it } from "@effect/vitest"
import { launchChromium } from "@stopcopy/workbench/chromium"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { open, type Page } from "../support/browser.ts"
import { ended, migrate, startWorld, type World } from "../support/world.ts"

const target = fileURLToPath(new URL("../../../../docs/screenshots", import.meta.url))
const size = { width: 1440, height: 900 } as const
let world: World
let browser: Awaited<ReturnType<typeof launchChromium>>
let id = ""

beforeAll(async () => {
  ;[world, browser] = await Promise.all([startWorld(), launchChromium()])
  id = (await migrate(world, { from: "alpha", group: "web-1", to: { host: "beta", incoming: false } })).id
  await ended(world, id)
}, 300_000)

afterAll(async () => {
  await browser.close()
  await world.dispose()
})

const shoot = (page: Page, name: string) =>
  page.screenshot({ path: join(target, `${name}.png`), animations: "disabled" })

/** Goes to the last event of a kind of the source's first VF, and lists everything again. */
const goTo = async (page: Page, kind: string): Promise<void> => {
  await page.getByRole("combobox", { name: "Kind" }).selectOption(kind)
  await page
    .getByRole("option", { name: /source.*vf\/pf0\/vf0$/ })
    .last()
    .click()
  await page.getByRole("button", { name: "Show all" }).click()
}

const opened = async (colours: "light" | "dark"): Promise<Page> => {
  const { page } = await open(browser, world, `/travel/${id}`, { ...size, role: "operate", colours })
  await page.getByRole("slider", { name: "Moment in the timeline" }).waitFor()
  return page
}

it("takes a picture of a state with its field's history", async () => {
  const page = await opened("light")
  await goTo(page, "StateSaved")
  await page.getByRole("treeitem", { name: /^\W*migrationState/ }).click()
  await page.locator(".travel-setting").nth(1).waitFor()
  await shoot(page, "time-travel")
})

it("takes a picture of a migration block, in dark colours", async () => {
  const page = await opened("dark")
  await goTo(page, "StateSaved")
  await page.getByRole("tab", { name: "Block" }).click()
  await page
    .getByRole("treeitem", { name: /^\W*svcmap/ })
    .first()
    .click()
  await page.mouse.move(0, 0)
  await shoot(page, "time-travel-block")
})

it("takes a picture of causes, and of what differs between two marks", async () => {
  const page = await opened("light")
  await goTo(page, "BankDrained")
  await page.getByRole("tab", { name: "Causes" }).click()
  await page.locator(".travel-cause-self").waitFor()
  await shoot(page, "time-travel-causes")
  await goTo(page, "StateSaved")
  await page.getByRole("button", { name: "Set mark A here" }).click()
  await goTo(page, "ResetDone")
  await page.getByRole("button", { name: "Set mark B here" }).click()
  await shoot(page, "time-travel-changes")
})
