/** Pictures of every page for `docs/screenshots`, from a real run: `pnpm screenshots`. */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { launchChromium } from "@stopcopy/workbench/chromium"
import { Effect } from "effect"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { open, type Page, untilLive } from "../support/browser.ts"
import { ended, hangDrains, type HostName, migrate, startWorld, type World } from "../support/world.ts"

const target = fileURLToPath(new URL("../../../../docs/screenshots", import.meta.url))
const run = Effect.runPromise
let world: World
let browser: Awaited<ReturnType<typeof launchChromium>>

/** Where each group of one VF is. */
const where = new Map<string, HostName>([
  ["web-2", "alpha"],
  ["db-1", "alpha"],
  ["cache-1", "alpha"]
])
const placeOf = (group: string): HostName => where.get(group) ?? "alpha"

/** A fleet that has seen something: migrations there and back, some cancelled. */
const past = async () => {
  for (let round = 0; round < 4; round++) {
    for (const group of where.keys()) {
      const from = placeOf(group)
      const { id } = await migrate(world, { from, group })
      const { phase } = await ended(world, id)
      if (phase === "completed") where.set(group, from === "alpha" ? "beta" : "alpha")
    }
  }
  for (const reason of ["the guest was busy", "the guest was busy", "wrong host"]) {
    const { letGo } = await hangDrains(world, placeOf("db-1"))
    const { id } = await migrate(world, { from: placeOf("db-1"), group: "db-1" })
    await run(world.client.migrations.cancel({ path: { id }, payload: { reason } }))
    await letGo()
    await ended(world, id)
  }
}

beforeAll(async () => {
  await mkdir(target, { recursive: true })
  ;[world, browser] = await Promise.all([startWorld(), launchChromium()])
  await past()
}, 300_000)

afterAll(async () => {
  await browser.close()
  await world.dispose()
})

/** A repository is no place for large files. */
const most = 150 * 1024

interface Part {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** What is in sight, or a part of the whole page. */
const shoot = async (page: Page, name: string, clip?: Part) => {
  const path = join(target, `${name}.png`)
  const part = clip === undefined ? {} : { clip, fullPage: true }
  const { byteLength } = await page.screenshot({ path, animations: "disabled", scale: "css", ...part })
  assert.isBelow(byteLength, most, name)
}

/** Where an element is, with a little around it. */
const around = async (page: Page, selector: string): Promise<Part> => {
  const { height, width, x, y } = (await page.locator(selector).boundingBox()) ?? { x: 0, y: 0, width: 1, height: 1 }
  return { x: x - 16, y: y - 16, width: width + 32, height: height + 32 }
}

it("takes a picture of every page", async () => {
  const { page } = await open(browser, world, "/", { role: "operate", width: 1200, height: 760 })
  await untilLive(page)
  const look = async (path: string, ready: string) => {
    await page.goto(`${world.url}${path}`)
    await page.locator(ready).first().waitFor()
    await untilLive(page)
  }
  const drains = await hangDrains(world, "alpha")
  const live = await migrate(world, { from: "alpha", group: "web-1", downtimeLimitMillis: 5000 })
  await look(`/migrations/${live.id}`, '.phase-is-switchover[aria-current="step"]')
  await page.locator(".layout-events .mono").first().waitFor()
  await shoot(page, "migration-live")
  await look("/", ".over-time canvas")
  await shoot(page, "overview")
  await page.emulateMedia({ colorScheme: "dark" })
  await look("/", ".over-time canvas")
  await shoot(page, "overview-dark")
  await look(`/migrations/${live.id}`, ".layout-events .mono")
  await shoot(page, "migration-dark")
  await page.emulateMedia({ colorScheme: "light" })
  await drains.letGo()
  await ended(world, live.id)
  await look(`/migrations/${live.id}`, ".split")
  await page.locator(".layout-events .mono").first().waitFor()
  await shoot(page, "migration", { x: 0, y: 0, width: 1200, height: 830 })
  await shoot(page, "downtime", await around(page, 'section[aria-labelledby="downtime-title"]'))
  await look("/migrations", ".layout-migrations .badge")
  await shoot(page, "migrations")
  await look("/fleet", ".layout-vfs .badge")
  await shoot(page, "fleet")
  await page.getByRole("button", { name: `Evacuate ${placeOf("db-1")}`, exact: true }).click()
  await page
    .getByRole("dialog")
    .getByRole("heading", { name: /^Would move/ })
    .waitFor()
  await shoot(page, "evacuation-plan")
  await page.keyboard.press("Escape")
  await page.getByRole("tab", { name: "What could move where" }).click()
  await page.getByLabel("From").selectOption(placeOf("db-1"))
  await page
    .getByRole("button", { name: /^db-1 fits on/ })
    .first()
    .waitFor()
  await shoot(page, "compatibility")
  await page
    .getByRole("button", { name: /does not fit on gamma/ })
    .first()
    .click()
  await page.getByRole("dialog").waitFor()
  await shoot(page, "reasons")
}, 300_000)
