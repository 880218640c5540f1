/** Every package, app and example has a README, and its example is the file that the package's tests compile and run. */
import { assert, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const places = ["packages", "apps", "examples"].flatMap((floor) =>
  readdirSync(`${root}/${floor}`).map((name) => `${floor}/${name}`)
)

/** The part of a snippet file that its README shows. */
const regionOf = (text: string): string | undefined => text.split("// region readme\n")[1]?.split("// endregion\n")[0]

it("finds the packages and apps", () => {
  assert.includeMembers(places, ["packages/errno", "packages/qat", "apps/cli"])
})

for (const place of places) {
  it(`${place}/README.md says what it is for`, () => {
    const text = readFileSync(`${root}/${place}/README.md`, "utf8")
    assert.match(text, /^# \S.*\n\n[A-Z`]/)
  })

  const snippet = `${root}/${place}/test/readme.snippet.ts`
  if (!place.startsWith("packages/")) continue
  it(`${place}/README.md shows the example that is compiled`, () => {
    assert.isTrue(existsSync(snippet), "a package has an example in test/readme.snippet.ts")
    const region = regionOf(readFileSync(snippet, "utf8"))
    assert.isDefined(region)
    assert.include(readFileSync(`${root}/${place}/README.md`, "utf8"), `\`\`\`ts\n${region}\`\`\``)
  })
}
