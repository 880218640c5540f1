/** Keys that lead through the console, as data: the page of help and the listener read the same list. Pure. */

/** Letters one after the other. */
export interface Shortcut {
  readonly keys: ReadonlyArray<string>
  readonly what: string
  readonly deed: { readonly _tag: "Go"; readonly to: string } | { readonly _tag: "Help" } | { readonly _tag: "Theme" }
}

export const shortcuts: ReadonlyArray<Shortcut> = [
  { keys: ["g", "o"], what: "Go to the overview", deed: { _tag: "Go", to: "/" } },
  { keys: ["g", "f"], what: "Go to the fleet", deed: { _tag: "Go", to: "/fleet" } },
  { keys: ["g", "m"], what: "Go to migrations", deed: { _tag: "Go", to: "/migrations" } },
  { keys: ["g", "t"], what: "Go to time travel", deed: { _tag: "Go", to: "/travel" } },
  { keys: ["c"], what: "Change colours: system, light, dark", deed: { _tag: "Theme" } },
  { keys: ["?"], what: "Show these keys", deed: { _tag: "Help" } }
]

const begins = ({ keys }: Shortcut, typed: ReadonlyArray<string>): boolean =>
  typed.every((key, index) => keys[index] === key)

/** What was typed so far, with one more key: what is done, and what is to be remembered for the next key. */
export const typed = (
  before: ReadonlyArray<string>,
  key: string
): { readonly done: Shortcut | undefined; readonly typed: ReadonlyArray<string> } => {
  for (const now of [[...before, key], [key]]) {
    const found = shortcuts.find((shortcut) => shortcut.keys.length === now.length && begins(shortcut, now))
    if (found !== undefined) return { done: found, typed: [] }
    if (shortcuts.some((shortcut) => begins(shortcut, now))) return { done: undefined, typed: now }
  }
  return { done: undefined, typed: [] }
}
