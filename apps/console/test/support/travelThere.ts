/** Time travel of a migration at its coordinator: its address leads to the same moment again, also back and forward. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { open, type Page } from "./browser.ts"
import type { World } from "./world.ts"

const where = (page: Page) => page.locator(".travel-where strong").textContent()

const events = (page: Page) => page.getByRole("listbox", { name: "Events" }).getByRole("option")

/** The id of a migration that has ended. */
const past = async ({ client }: World): Promise<string> => {
  const urlParams = { limit: 1, phase: "completed" as const }
  const { migrations } = await Effect.runPromise(client.migrations.list({ urlParams }))
  const [last] = migrations
  assert.isDefined(last, "a migration has completed before")
  return last.id
}

/**
 * Goes to two moments of the last migration, back and forward, and to the second one by its address; then to a migration that is not there. Gives the journals
 * that were shown, and what was said in the end.
 */
export const travelThere = async (browser: Parameters<typeof open>[0], world: World) => {
  const { mistakes, page } = await open(browser, world, `/travel/${await past(world)}?panel=event`, { role: "read" })
  await events(page).nth(3).click()
  const first = await where(page)
  await events(page).nth(6).click()
  const there = await where(page)
  assert.notStrictEqual(there, first)
  const places = await page.locator(".travel-lane-name").allTextContents()
  await page.getByRole("button", { name: "Set mark A here" }).click()
  const address = page.url()
  assert.include(decodeURIComponent(address), `at=${there}&a=${there}`)
  await page.goBack()
  await page.goBack()
  assert.strictEqual(await where(page), first)
  await page.goForward()
  assert.strictEqual(await where(page), there)
  const { page: other } = await open(browser, world, address.slice(world.url.length), { role: "read" })
  await events(other).first().waitFor()
  assert.strictEqual(await where(other), there)
  assert.strictEqual(await other.locator(".travel-flag-a").count(), 1)
  await other.goto(`${world.url}/travel/m-none`)
  const alert = (await other.getByRole("alert").textContent()) ?? ""
  assert.deepStrictEqual(mistakes, [])
  await Promise.all([page.context().close(), other.context().close()])
  return { places, alert }
}
