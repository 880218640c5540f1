/** Listens to the keys of `shortcuts`, shows them, and lets somebody switch them off whose software sends letters by itself. */
import { useEffect, useState } from "react"
import { useLocation } from "wouter"
import { useStore } from "../store/useStore.ts"
import { Store } from "../store/Store.ts"
import { Button } from "../ui/Button.tsx"
import { Dialog } from "../ui/Dialog.tsx"
import { type Shortcut, shortcuts, typed } from "./shortcuts.ts"
import { chooseTheme, nextTheme, theme } from "./theme.ts"

const key = "stopcopy.shortcuts"
const isOn = new Store(localStorage.getItem(key) !== "off")

const switchOn = (on: boolean): void => {
  localStorage.setItem(key, on ? "on" : "off")
  isOn.set(on)
}

/** Who types text, or has a dialog open, means no shortcut. */
const isTyping = ({ target }: KeyboardEvent): boolean =>
  target instanceof Element && target.closest("input, textarea, select, [contenteditable], dialog") !== null

const Help = ({ onClose }: { readonly onClose: () => void }) => {
  const on = useStore(isOn)
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="keys">
        {shortcuts.map(({ keys, what }) => (
          <div key={what} className="keys-line">
            <dt>
              {keys.map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input type="checkbox" checked={on} onChange={(event) => switchOn(event.target.checked)} />
        <span>Use these keys</span>
      </label>
      <p className="quiet">Tabs and lists move with the arrow keys; Escape closes a dialog.</p>
    </Dialog>
  )
}

export const Shortcuts = () => {
  const [, navigate] = useLocation()
  const [helping, setHelping] = useState(false)
  useEffect(() => {
    let before: ReadonlyArray<string> = []
    const perform = ({ deed }: Shortcut): void => {
      if (deed._tag === "Go") navigate(deed.to)
      else if (deed._tag === "Theme") chooseTheme(nextTheme(theme.get()))
      else setHelping(true)
    }
    const onKey = (event: KeyboardEvent): void => {
      if (!isOn.get() || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
      const next = typed(before, event.key)
      before = next.typed
      if (next.done !== undefined) {
        event.preventDefault()
        perform(next.done)
      }
    }
    addEventListener("keydown", onKey)
    return () => removeEventListener("keydown", onKey)
  }, [navigate])
  return (
    <>
      <Button kind="quiet" label="Keys" onPress={() => setHelping(true)}>
        <kbd>?</kbd>
      </Button>
      {helping && <Help onClose={() => setHelping(false)} />}
    </>
  )
}
