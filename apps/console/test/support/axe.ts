/** What axe finds on a page, of what stops somebody. Rules: WCAG 2.2 A and AA, and axe's own good practices. */
import axe from "axe-core"
import { Schema } from "effect"
import type { Page } from "./browser.ts"

const Found = Schema.Array(
  Schema.Struct({
    id: Schema.String,
    impact: Schema.NullOr(Schema.String),
    help: Schema.String,
    nodes: Schema.Array(Schema.String)
  })
)

/** Runs in the page, whose policy forbids scripts of others: so it is evaluated, not added. */
const call = (options: object) => `axe.run(document, ${JSON.stringify({ resultTypes: ["violations"], ...options })})
  .then(({ violations }) => violations.map(({ id, impact, help, nodes }) =>
    ({ id, impact: impact ?? null, help, nodes: nodes.map(({ html, failureSummary }) => html + " " + failureSummary) })))`

/** What the colours of the theme change. */
const contrast = { runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } }

/** Findings that are serious or critical, a line each, in light colours and, of what depends on these, in dark ones; empty: none. */
export const seriousFindings = async (page: Page, where: string): Promise<string> => {
  await page.evaluate(axe.source)
  const light = await page.evaluate(call({}))
  await page.emulateMedia({ colorScheme: "dark" })
  const dark = await page.evaluate(call(contrast))
  await page.emulateMedia({ colorScheme: "light" })
  return [...Schema.decodeUnknownSync(Found)(light), ...Schema.decodeUnknownSync(Found)(dark)]
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ help, id, nodes }) => `${where}: ${id}: ${help}\n${nodes.slice(0, 4).join("\n")}`)
    .join("\n")
}
