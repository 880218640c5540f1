/** A Chromium for tests: the one that `STOPCOPY_CHROMIUM` names, or the one that an npm package carries. */
import packed from "@sparticuz/chromium"
import { type Browser, chromium } from "playwright-core"

/**
 * Flags of the package that hide mistakes a user's browser would show, and those that put the browser into one process: it would end with the first of its
 * contexts that is closed.
 */
const loose = ["--disable-web-security", "--allow-running-insecure-content", "--single-process", "--no-zygote"]

/** Starts a browser without a window; whoever asked closes it. The first start on a machine unpacks it, which takes some seconds. */
export const launchChromium = async (): Promise<Browser> => {
  const installed = process.env["STOPCOPY_CHROMIUM"]
  const executablePath = installed ?? (await packed.executablePath())
  const args = packed.args.filter((flag) => !loose.includes(flag))
  return chromium.launch({ executablePath, args: installed === undefined ? args : ["--no-sandbox"], headless: true })
}
