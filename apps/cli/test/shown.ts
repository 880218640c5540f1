/** What the README shows of commands that need a server: lines of `console` blocks, without commands, numbers and what is left out. */
import { readFileSync } from "node:fs"

const normal = (text: string): string => text.replaceAll(/\d+/g, "#").replaceAll(/ +/g, " ").trim()

/** The lines that are shown under a heading and are not in the output. */
export const missingFrom = (heading: string, output: ReadonlyArray<string>): ReadonlyArray<string> => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? ""
  const blocks = [...section.matchAll(/```console\n([^]*?)```/g)].map(([, text = ""]) => text)
  const lines = blocks.flatMap((block) => block.split("\n"))
  const shown = lines
    .filter((line) => line !== "" && !line.startsWith("$ "))
    .map((line) => line.replace(/\s*\.\.\.$/, ""))
  if (shown.length === 0) throw new Error(`the README shows nothing under ${heading}`)
  const seen = output.map(normal)
  return shown.filter((line) => !seen.some((each) => each.includes(normal(line))))
}
