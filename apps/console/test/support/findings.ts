/** What axe finds in a page that keeps people from using it. */
import axe from "axe-core"
import type { Page } from "./browser.ts"

/** Serious and critical findings inside what a selector finds, one line for each. */
export const findings = async (page: Page, selector: string): Promise<ReadonlyArray<string>> => {
  await page.evaluate(axe.source)
  const found: unknown = await page.evaluate(
    `axe.run(${JSON.stringify(selector)}).then(({ violations }) => violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes.map(({ html, any, all, none }) =>
        html.slice(0, 160) + " " + [...any, ...all, ...none].map(({ message }) => message).join("; ")).join(" | ")))`
  )
  return Array.isArray(found) ? found.map(String) : [String(found)]
}
