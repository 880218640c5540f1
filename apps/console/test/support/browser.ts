/** One browser for the tests of a file, and pages of it: signed in, in the colours that are asked for, each mistake of the page noted. */
import type { launchChromium } from "@stopcopy/workbench/chromium"
import { tokens, type World } from "./world.ts"

type Browser = Awaited<ReturnType<typeof launchChromium>>
export type Page = Awaited<ReturnType<Browser["newPage"]>>

export interface Opened {
  readonly page: Page
  /** What the page threw, what its policy blocked, what it logged as an error; requests that fail are the business of tests. */
  readonly mistakes: ReadonlyArray<string>
}

interface Options {
  readonly role?: keyof typeof tokens
  readonly colours?: "light" | "dark"
  readonly width?: number
  readonly height?: number
  /** Motion is shown where a test wants to see it. */
  readonly moves?: boolean
}

const isNetwork = (text: string): boolean => /^Failed to load resource|net::ERR_/.test(text)

/** Opens an address of the console; whoever asked closes the page. */
export const open = async (
  browser: Browser,
  { url }: Pick<World, "url">,
  path: string,
  options: Options = {}
): Promise<Opened> => {
  const { colours = "light", height = 900, moves = false, role, width = 1360 } = options
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: colours,
    reducedMotion: moves ? "no-preference" : "reduce",
    locale: "en-GB",
    timezoneId: "UTC"
  })
  const page = await context.newPage()
  const mistakes: Array<string> = []
  page.on("pageerror", ({ message }) => mistakes.push(message))
  page.on("console", (message) => {
    if (message.type() === "error" && !isNetwork(message.text())) mistakes.push(message.text())
  })
  if (role !== undefined)
    await page.addInitScript(`sessionStorage.setItem("stopcopy.token", ${JSON.stringify(tokens[role])})`)
  await page.goto(`${url}${path}`)
  return { page, mistakes }
}

/** Waits for the stream of events. */
export const untilLive = (page: Page) => page.waitForSelector('[data-connection="Open"]')
