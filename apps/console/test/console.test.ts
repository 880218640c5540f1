/** The console in a real Chromium, before a real coordinator and three emulators, each a process of its own. */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { launchChromium } from "@stopcopy/workbench/chromium"
import { Effect } from "effect"
import { open, type Opened, untilLive } from "./support/browser.ts"
import { ended, hangDrains, migrate, startWorld, tokens, type World } from "./support/world.ts"

const run = Effect.runPromise
let world: World
let browser: Awaited<ReturnType<typeof launchChromium>>

beforeAll(async () => {
  ;[world, browser] = await Promise.all([startWorld(), launchChromium()])
}, 120_000)

afterAll(async () => {
  await browser.close()
  await world.dispose()
})

/** A page of somebody who may operate, which is closed behind the test; it must have made no mistake. */
const visit = async <A>(path: string, use: (opened: Opened["page"]) => Promise<A>, options = {}): Promise<A> => {
  const { mistakes, page } = await open(browser, world, path, { role: "operate", ...options })
  page.setDefaultTimeout(15_000)
  try {
    const result = await use(page)
    assert.deepStrictEqual(mistakes, [])
    return result
  } finally {
    await page.context().close()
  }
}

it("asks for a token, says what is wrong with one, and what may not be done with another", async () => {
  const { mistakes, page } = await open(browser, world, "/fleet")
  await page.getByLabel("Token").fill("nobody-has-this-token")
  await page.getByRole("button", { name: "Sign in" }).click()
  await page.getByText("nobody has this token").waitFor()
  await page.getByLabel("Token").fill(tokens.read)
  await page.keyboard.press("Enter")
  await page.getByRole("heading", { name: "Fleet" }).waitFor()
  await page.getByText("visitor read").waitFor()
  const cordon = page.getByRole("button", { name: "Cordon alpha", exact: true })
  assert.strictEqual(await cordon.getAttribute("aria-disabled"), "true")
  assert.strictEqual(await cordon.getAttribute("title"), "the token of visitor may only read")
  await cordon.click({ force: true })
  assert.strictEqual(await page.getByRole("dialog").count(), 0)
  await page.reload()
  await page.getByText("visitor read").waitFor()
  await page.getByRole("button", { name: "Sign out" }).click()
  await page.getByLabel("Token").waitFor()
  assert.strictEqual(await page.evaluate("sessionStorage.length"), 0)
  assert.deepStrictEqual(mistakes, [])
  await page.context().close()
})

/** Notes every state that the two devices are shown in, from now on. */
const noteStates = `window.shown = { source: [], destination: [] };
  new MutationObserver(() => {
    const [source, destination] = [...document.querySelectorAll("[data-state]")].map((one) => one.dataset.state);
    for (const [side, state] of Object.entries({ source, destination }))
      if (state !== undefined && window.shown[side].at(-1) !== state) window.shown[side].push(state);
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] })`

it("a migration is started after its preflight, and watched live from start to end", async () => {
  const { letGo } = await hangDrains(world, "alpha")
  await visit("/fleet", async (page) => {
    await untilLive(page)
    await page.evaluate(noteStates)
    await page.getByRole("button", { name: "Migrate alpha/pf0/vf2" }).click()
    const dialog = page.getByRole("dialog")
    await dialog.getByText("It fits: to beta").waitFor()
    await dialog.getByLabel("To").selectOption("beta")
    await dialog.getByLabel("VF for pf0/vf2").selectOption("pf0/vf6")
    await dialog.getByText("pf0/vf2 → pf0/vf6").waitFor()
    await dialog.getByRole("button", { name: "Start the migration" }).click()
    await page.getByRole("heading", { name: /^m-/ }).waitFor()

    await page.locator('.phase[aria-current="step"]', { hasText: "switchover" }).waitFor()
    await page.getByText("runs, and its state is read meanwhile").waitFor()
    await letGo()
    await page.locator('[data-verdict="completed"]').waitFor()
    await page.getByText("web-2 is on beta").waitFor()
    await page.getByRole("heading", { name: /^Downtime \d/ }).waitFor()
    assert.strictEqual(await page.getByRole("table", { name: "Downtime by cause" }).getByRole("row").count(), 11)
    const events = page.getByRole("table", { name: "Events of the migration" })
    await events.getByText("Committed").first().waitFor()
    const moved = page.waitForFunction(
      'window.shown.source.includes("STOP_COPY") && window.shown.source.at(-1) === "STOP" && window.shown.destination.at(-1) === "RUNNING"'
    )
    await moved
    assert.include(await page.evaluate("window.shown.destination"), "RESUMING")
    assert.match(
      await page.locator(".machine-path").first().innerText(),
      /RUNNING → PRE_COPY → PRE_COPY_P2P → STOP_COPY → STOP$/
    )
    await page.getByRole("link", { name: "Time travel" }).last().waitFor()
  })
})

it("what cannot move says every reason, in the matrix and before a migration, which cannot be started", async () => {
  await visit("/fleet", async (page) => {
    await page.getByRole("tab", { name: "What could move where" }).click()
    const matrix = page.getByRole("table", { name: "Where everything on alpha could move" })
    await matrix.getByRole("button", { name: /^web-1 fits on beta, to pf0/ }).waitFor()
    await matrix.getByRole("button", { name: /^web-1 does not fit on gamma: \d+ reasons?$/ }).click()
    const reasons = page.getByRole("dialog").getByRole("list", { name: "Reasons" })
    await reasons.getByText("mstate.gencap.superset").first().waitFor()
    await page.keyboard.press("Escape")

    await page.getByRole("tab", { name: "Hosts and VFs" }).click()
    await page.getByRole("button", { name: "Migrate alpha/pf0/vf3" }).click()
    const dialog = page.getByRole("dialog")
    await dialog.getByLabel("To").selectOption("gamma")
    const blocked = dialog.locator('[data-preflight="blocked"]')
    await blocked.getByText("mstate.gencap.superset").first().waitFor()
    const text = await blocked.innerText()
    for (const part of ["It does not fit on gamma", "0x401002d", "gamma:pf0"]) assert.include(text, part)
    const start = dialog.getByRole("button", { name: "Start the migration" })
    assert.match((await start.getAttribute("title")) ?? "", /rules? speaks? against it$/)
    await dialog.getByLabel("Downtime limit, ms").fill("soon")
    await dialog.getByRole("alert").getByText("the downtime limit 'soon' is no number of milliseconds").waitFor()
  })
})

it("a migration is cancelled, with a reason, and says so", async () => {
  const { letGo } = await hangDrains(world, "alpha")
  const { id } = await migrate(world, { from: "alpha", group: "db-1", to: { host: "beta", incoming: false } })
  await visit(`/migrations/${id}`, async (page) => {
    await page.locator('.phase[aria-current="step"]', { hasText: "switchover" }).waitFor()
    await page.getByRole("button", { name: "Cancel …" }).click()
    const dialog = page.getByRole("dialog")
    await dialog.getByText("The guest goes on at alpha").waitFor()
    await dialog.getByRole("textbox").fill("not tonight")
    await dialog.getByRole("button", { name: "Cancel the migration" }).click()
    await dialog.waitFor({ state: "detached" })
    await letGo()
    const verdict = page.locator('[data-verdict="cancelled"]')
    assert.match(await verdict.innerText(), /not tonight\. db-1 is on alpha\.$/)
    assert.strictEqual(await page.getByRole("button", { name: "Cancel …" }).count(), 0)
  })
})

it("an evacuation is planned, then begun, and comes to its end; the cordon that it leaves is lifted", async () => {
  await visit("/fleet", async (page) => {
    await page.getByRole("button", { name: "Evacuate alpha", exact: true }).click()
    const dialog = page.getByRole("dialog")
    await dialog.getByRole("heading", { name: "Would move: 3 groups" }).waitFor()
    const rows = await dialog.getByRole("table").innerText()
    for (const group of ["web-1", "db-1", "cache-1"]) assert.include(rows, group)
    await dialog.getByRole("button", { name: "Evacuate: move 3 groups" }).click()
    await page.getByText("cordoned").first().waitFor()
    await page.getByRole("tab", { name: "Evacuations" }).click()
    await page.getByText("3 of 3 groups").waitFor()
    await page.locator("[data-evacuation]").getByText("finished").waitFor()
    await page.getByText("3 completed").waitFor()
    await page.getByRole("tab", { name: "Hosts and VFs" }).click()
    await page.getByRole("button", { name: "Uncordon alpha" }).click()
    await page.getByRole("button", { name: "Cordon alpha", exact: true }).waitFor()
  })
})

it("a coordinator that is gone is said to be, and when it comes back everything goes on by itself", async () => {
  await visit("/fleet", async (page) => {
    await untilLive(page)
    await page.getByText("gamma", { exact: true }).first().waitFor()
    await page.evaluate("window.unloaded = false")
    await world.stop()
    await page.getByText("Reconnecting.", { exact: true }).waitFor()
    await page.getByText("alpha", { exact: true }).first().waitFor()
    await world.start()
    await page.getByRole("button", { name: "Try now" }).click()
    await untilLive(page)
    await run(world.client.hosts.cordon({ path: { host: "gamma" }, payload: { reason: "a new fan" } }))
    await page.getByText("a new fan").waitFor()
    assert.strictEqual(await page.evaluate("window.unloaded"), false)
    await run(world.client.hosts.uncordon({ path: { host: "gamma" } }))
  })
})

it("everything is in reach of the keyboard", async () => {
  await visit("/", async (page) => {
    await untilLive(page)
    const focused = () => page.evaluate("document.activeElement.textContent.trim()")
    await page.keyboard.press("Tab")
    assert.strictEqual(await focused(), "Skip to the content")
    await page.keyboard.type("gf")
    await page.getByRole("heading", { name: "Fleet" }).waitFor()
    await page.waitForFunction('document.activeElement.textContent === "Fleet"')
    await page.keyboard.press("Tab")
    assert.strictEqual(await focused(), "Hosts and VFs")
    await page.keyboard.press("ArrowRight")
    await page.getByRole("tab", { name: "What could move where", selected: true }).waitFor()
    await page.keyboard.press("Home")
    await page.getByRole("button", { name: "Cordon alpha", exact: true }).focus()
    await page.keyboard.press("Enter")
    await page.getByRole("dialog", { name: "Cordon alpha" }).waitFor()
    await page.keyboard.type("by keyboard")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.getByText("by keyboard").waitFor()
    await page.getByRole("button", { name: "Uncordon alpha" }).focus()
    await page.keyboard.press("Enter")
    await page.getByRole("button", { name: "Cordon alpha", exact: true }).waitFor()
    await page.getByRole("heading", { name: "Fleet" }).focus()
    await page.keyboard.type("?")
    await page.getByRole("dialog", { name: "Keys" }).waitFor()
    await page.keyboard.press("Escape")
    await page.getByRole("dialog").waitFor({ state: "detached" })
  })
})

it("what is not there is said: a migration, a page", async () => {
  await visit("/migrations/m-nobody-began-it", async (page) => {
    await page.getByText("there is no migration m-nobody-began-it").waitFor()
    await page.goto(`${world.url}/nowhere`)
    await page.getByRole("heading", { name: "There is no such page" }).waitFor()
  })
})

it("the overview has what ended, live", async () => {
  await visit("/", async (page) => {
    const completed = page.locator(".tile", { hasText: "Completed" }).locator("dd")
    await completed.waitFor()
    const before = Number(await completed.innerText())
    assert.isAtLeast(before, 4)
    await page.getByText("not tonight").waitFor()
    await page.locator(".over-time canvas").waitFor()
    const { id } = await migrate(world, { from: "beta", group: "web-2" })
    assert.strictEqual((await ended(world, id)).phase, "completed")
    await page.waitForFunction(`document.querySelector(".tile-good dd").textContent === "${before + 1}"`)
  })
})
