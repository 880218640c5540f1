/** The console in a real Chromium, before a real coordinator and three emulators, each a process of its own. */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { launchChromium } from "@stopcopy/workbench/chromium"
import { Migration } from "@stopcopy/coordinator-api"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import { hostsShown } from "./readme.snippet.ts"
import { seriousFindings } from "./support/axe.ts"
import { open, type Opened, untilLive } from "./support/browser.ts"
import { travelThere } from "./support/travelThere.ts"
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

/** Notes at the body every state that the two devices are shown in, from now on: locators can wait for it, and the policy of the page is kept. */
const noteStates = `{
  const shown = [[], []];
  new MutationObserver(() => {
    for (const [index, one] of [...document.querySelectorAll("[data-state]")].entries())
      if (shown[index].at(-1) !== one.dataset.state) shown[index].push(one.dataset.state);
    document.body.dataset.source = shown[0].join(" ");
    document.body.dataset.destination = shown[1].join(" ");
  }).observe(document.getElementById("root"), { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] });
}`

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
    await page.locator('body[data-source$="STOP"][data-destination$="RUNNING"]').waitFor()
    const shown = (side: string) => page.locator("body").getAttribute(`data-${side}`)
    assert.include(await shown("source"), "STOP_COPY")
    assert.include(await shown("destination"), "RESUMING")
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
    const dialog = page.getByRole("dialog")
    await page.getByRole("button", { name: "Evacuate gamma", exact: true }).click()
    await dialog.getByRole("heading", { name: "Will stop: 1 group" }).waitFor()
    await dialog.getByText("mstate.svcmap.equal").first().waitFor()
    const begin = dialog.getByRole("button", { name: "Evacuate: move 0 groups" })
    assert.strictEqual(await begin.getAttribute("title"), "nothing would move")
    await page.keyboard.press("Escape")
    await page.getByRole("button", { name: "Evacuate alpha", exact: true }).click()
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
    await page.locator("h1:focus", { hasText: "Fleet" }).waitFor()
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
    assert.strictEqual(await page.title(), "There is no such page · Stopcopy")
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
    await page.locator(".tile-good dd", { hasText: new RegExp(`^${before + 1}$`) }).waitFor()
  })
})

const consequences = "You vouch that beta is off.\nalpha runs the guest again."

/** What the coordinator answers of a migration whose destination is gone behind its vote. */
const inDoubt = (migration: Migration) => ({
  ...Schema.encodeSync(Migration)(migration),
  phase: "recovering",
  inDoubt: true,
  endedAt: null,
  verdict: null,
  doubts: [{ step: "commit", side: "destination", device: null, code: "agent.unreachable", message: "no answer" }],
  resolutions: [{ verdict: "source", consequences }]
})

it("a migration in doubt spells out what somebody would vouch for, and sends that word for word", async () => {
  const { migrations } = await run(world.client.migrations.list({ urlParams: { limit: 1 } }))
  const id = migrations[0]?.id ?? ""
  const migration = await run(world.client.migrations.show({ path: { id } }))
  await visit("/", async (page) => {
    await page.route("**/api/v1/migrations/*", (route) => route.fulfill({ json: inDoubt(migration) }))
    const sent = new Promise<unknown>((resolve) => {
      void page.route("**/resolve", (route) => {
        resolve(route.request().postDataJSON())
        return route.fulfill({ json: inDoubt(migration) })
      })
    })
    await page.goto(`${world.url}/migrations/${encodeURIComponent(id)}`)
    await page.getByRole("heading", { name: "In doubt" }).waitFor()
    await page.getByText("at the destination: no answer").waitFor()
    await page.getByRole("button", { name: `${migration.from} has the guest …` }).click()
    const dialog = page.getByRole("dialog")
    assert.strictEqual(await dialog.locator(".consequences").innerText(), consequences)
    const resolve = dialog.getByRole("button", { name: "Give the guest to the source" })
    assert.strictEqual(await resolve.getAttribute("title"), "read the consequences, and vouch for them")
    await dialog.getByLabel("vouch for it as night-shift").check()
    await resolve.click()
    assert.deepStrictEqual(await sent, { verdict: "source", accepting: consequences })
    await dialog.waitFor({ state: "detached" })
  })
})

it("the example of the README does what it says", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
  const [, region = ""] = readFileSync(new URL("readme.snippet.ts", import.meta.url), "utf8").split(
    "// region readme\n"
  )
  assert.include(readme, `\`\`\`ts\n${region.split("// endregion\n")[0]}\`\`\``)
  assert.deepStrictEqual(await hostsShown(world.url, tokens.read), ["alpha", "beta", "gamma"])
})

it("axe finds nothing serious on any page, light or dark", async () => {
  const { migrations } = await run(world.client.migrations.list({ urlParams: { limit: 20 } }))
  const id = migrations.find(({ phase }) => phase === "completed")?.id ?? ""
  const found: Array<string> = []
  const signIn = await open(browser, world, "/")
  await signIn.page.getByLabel("Token").waitFor()
  found.push(await seriousFindings(signIn.page, "sign in"))
  await signIn.page.context().close()
  await visit("/", async (page) => {
    const look = async (path: string, ready: string) => {
      await page.goto(`${world.url}${path}`)
      await page.locator(ready).first().waitFor()
      found.push(await seriousFindings(page, path))
    }
    await look("/", ".over-time canvas")
    await look("/migrations", ".layout-migrations .badge")
    await look(`/migrations/${encodeURIComponent(id)}`, ".layout-events .mono")
    await look("/fleet", ".layout-vfs .badge")
    await page.locator('button[aria-label^="Migrate "][aria-disabled="false"]').first().click()
    await page.locator("[data-preflight]").waitFor()
    found.push(await seriousFindings(page, "migrate"))
    await page.keyboard.press("Escape")
    await page.getByRole("tab", { name: "Evacuations" }).click()
    await page.locator("[data-evacuation]").waitFor()
    found.push(await seriousFindings(page, "evacuations"))
    await page.getByRole("tab", { name: "What could move where" }).click()
    await page
      .getByRole("button", { name: /does not fit on gamma/ })
      .first()
      .click()
    await page.getByRole("dialog").waitFor()
    found.push(await seriousFindings(page, "reasons"))
  })
  assert.deepStrictEqual(
    found.filter((text) => text !== ""),
    []
  )
})

it("a migration that has ended is travelled in, by addresses that lead to the same moment again", async () => {
  const { alert, places } = await travelThere(browser, world)
  assert.deepStrictEqual(places, ["coordinator", "source", "destination"])
  assert.match(alert, /there is no migration m-none; look at the list/)
})
