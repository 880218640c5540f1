/** Pictures of every page for `docs/screenshots`, from a real run: `pnpm screenshots`. */
import { afterAll, beforeAll, it } from "@effect/vitest"
import { launchChromium } from "@stopcopy/workbench/chromium"
import { Effect } from "effect"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { open, type Page, untilLive } from "../support/browser.ts"
import { ended, hangDrains, migrate, startWorld, type World } from "../support/world.ts"

const target = fileURLToPath(new URL("../../../../docs/screenshots", import.meta.url))
const run = Effect.runPromise
let world: World
let browser: Awaited<ReturnType<typeof launchChromium>>

/** A fleet that has seen something: migrations there and back, some cancelled. */
const past = async () => {
  const where = new Map([
    ["web-2", "alpha"],
    ["db-1", "alpha"],
    ["cache-1", "alpha"]
  ])
  for (let round = 0; round < 8; round++) {
    for (const group of [...where.keys()]) {
      const from = where.get(group) ?? ""
      const { id } = await migrate(world, { from, group })
      const { verdict } = await ended(world, id)
      if (verdict?.outcome === "completed") where.set(group, from === "alpha" ? "beta" : "alpha")
    }
  }
  const { letGo } = await hangDrains(world, where.get("db-1") === "alpha" ? "alpha" : "beta")
  for (const reason of ["the guest was busy", "the guest was busy", "wrong host"]) {
    const { id } = await migrate(world, { from: where.get("db-1") ?? "", group: "db-1" })
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

const shoot = (page: Page, name: string, fullPage = true) =>
  page.screenshot({ path: join(target, `${name}.png`), fullPage, animations: "disabled" })

it("takes a picture of every page", async () => {
  const { page } = await open(browser, world, "/", { role: "operate" })
  await untilLive(page)
  await page.waitForSelector(".over-time canvas")
  await shoot(page, "overview")
  await page.goto(`${world.url}/migrations`)
  await page.waitForSelector(".layout-migrations .badge")
  await shoot(page, "migrations", false)
  await page.goto(`${world.url}/fleet`)
  await page.waitForSelector(".layout-vfs .badge")
  await shoot(page, "fleet", false)
}, 300_000)
