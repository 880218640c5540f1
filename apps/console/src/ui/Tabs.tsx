/** Tabs: one panel at a time. Arrow keys, Home and End move between them. Source: the tabs pattern of the WAI-ARIA authoring practices. */
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react"

interface Tab {
  readonly id: string
  readonly title: string
  readonly panel: () => ReactNode
}

/** Where a key leads from the tab at `index`. */
const target = (key: string, index: number, count: number): number | undefined => {
  switch (key) {
    case "ArrowRight":
      return (index + 1) % count
    case "ArrowLeft":
      return (index + count - 1) % count
    case "Home":
      return 0
    case "End":
      return count - 1
    default:
      return undefined
  }
}

interface TabsProps {
  readonly label: string
  readonly tabs: ReadonlyArray<Tab>
  /** The id of the tab that is open, where somebody else keeps it. */
  readonly chosen?: string
  readonly onChoose?: (id: string) => void
}

export const Tabs = ({ chosen: chosenId, label, onChoose, tabs }: TabsProps) => {
  const base = useId()
  const list = useRef<HTMLDivElement>(null)
  const [own, setOwn] = useState(0)
  const chosen = chosenId === undefined ? own : tabs.findIndex(({ id }) => id === chosenId)
  const setChosen = (index: number) => {
    setOwn(index)
    const id = tabs[index]?.id
    if (id !== undefined) onChoose?.(id)
  }
  const current = tabs[chosen] ?? tabs[0]
  const onKeyDown = (event: KeyboardEvent) => {
    const next = target(event.key, chosen, tabs.length)
    if (next === undefined) return
    event.preventDefault()
    setChosen(next)
    list.current?.querySelectorAll("button").item(next).focus()
  }
  if (current === undefined) return null
  return (
    <div className="tabs">
      <div ref={list} className="tabs-list" role="tablist" aria-label={label}>
        {tabs.map(({ id, title }, index) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`${base}-${id}`}
            className="tab"
            aria-selected={index === chosen}
            aria-controls={`${base}-panel`}
            tabIndex={index === chosen ? 0 : -1}
            onClick={() => setChosen(index)}
            onKeyDown={onKeyDown}
          >
            {title}
          </button>
        ))}
      </div>
      <div
        id={`${base}-panel`}
        role="tabpanel"
        className="tabs-panel"
        aria-labelledby={`${base}-${current.id}`}
        tabIndex={0}
      >
        {current.panel()}
      </div>
    </div>
  )
}
