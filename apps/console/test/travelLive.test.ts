/** Time travel of a migration at its coordinator, by its address. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { launchChromium } from "@stopcopy/workbench/chromium"
import { open, type Page } from "./support/browser.ts"
import { ended, migrate, startWorld, type World } from "./support/world.ts"

let world: World
let browser: Awaited<ReturnType<typeof launchChromium>>
let id = ""

beforeAll(async () => {
  ;[world, browser] = await Promise.all([startWorld(), launchChromium()])
  id = (await migrate(world, { from: "alpha", group: "web-1", to: { host: "beta", incoming: false } })).id
  await ended(world, id)
}, 120_000)

afterAll(async () => {
  await browser.close()
  await world.dispose()
})

const slider = (of: Page) => of.getByRole("slider", { name: "Moment in the timeline" })
const where = (of: Page) => of.locator(".travel-where strong").textContent()

describe("a migration at its coordinator", () => {
  it("is fetched by its address, which leads to the same moment again, also back and forward", async () => {
    const { page: live } = await open(browser, world, `/travel/${id}?panel=event`, { role: "read" })
    const events = live.getByRole("listbox", { name: "Events" }).getByRole("option")
    await events.nth(3).click()
    const first = await where(live)
    await events.nth(6).click()
    const there = await where(live)
    assert.notStrictEqual(there, first)
    await live.getByRole("button", { name: "Set mark A here" }).click()
    const address = live.url()
    assert.include(decodeURIComponent(address), `at=${there}&a=${there}`)
    await live.goBack()
    await live.goBack()
    assert.strictEqual(await where(live), first)
    await live.goForward()
    assert.strictEqual(await where(live), there)
    const { page: other } = await open(browser, world, address.slice(world.url.length), { role: "read" })
    await slider(other).waitFor()
    assert.strictEqual(await where(other), there)
    assert.strictEqual(await other.locator(".travel-flag-a").count(), 1)
  })

  it("that is not there is told in words", async () => {
    const { page: lost } = await open(browser, world, "/travel/m-none", { role: "read" })
    const alert = (await lost.getByRole("alert").textContent()) ?? ""
    assert.match(alert, /there is no migration m-none; look at the list/)
  })
})
