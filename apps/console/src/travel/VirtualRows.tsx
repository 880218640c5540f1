/** A list of any length of which only the lines in sight are there. Keeps the current line in sight. */
import { type KeyboardEvent, memo, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react"

/** Lines above and below what is in sight. */
const margin = 8

/** Where a key leads in a list; undefined: nowhere. `page` in lines. */
export const keyStep = (key: string, page: number): number | undefined => {
  switch (key) {
    case "ArrowDown":
      return 1
    case "ArrowUp":
      return -1
    case "PageDown":
      return page
    case "PageUp":
      return -page
    case "End":
      return Number.POSITIVE_INFINITY
    case "Home":
      return Number.NEGATIVE_INFINITY
    default:
      return undefined
  }
}

interface VirtualRowsProps {
  readonly count: number
  /** Of a line, in pixels. */
  readonly height: number
  readonly label: string
  readonly role: "listbox" | "tree" | "grid"
  /** The id of the line that is current; undefined: none. */
  readonly activeId?: string | undefined
  /** Index of the line to keep in sight; -1: none. */
  readonly current: number
  readonly row: (index: number) => ReactNode
  readonly onKeyDown?: (event: KeyboardEvent, pageLines: number) => void
  readonly onLeave?: () => void
}

/** Where the list is to be scrolled to, in pixels, so that a line is in sight; where it is, if the line is. */
const revealed = (scrolled: number, size: number, index: number, count: number, height: number): number => {
  const [top, bottom, most] = [index * height, (index + 1) * height, Math.max(0, count * height - size)]
  // A list that has become shorter than it is scrolled is scrolled less.
  if (index < 0 || (top >= scrolled && bottom <= scrolled + size)) return Math.min(scrolled, most)
  return Math.max(0, Math.min(top - Math.floor(size / 2) + height, most))
}

/**
 * How far the list is scrolled. A line that has become the current one is brought in sight in the same rendering: the element is not asked how it lies, which
 * would lay out the page once more for each step.
 */
const useScrolled = (
  { count, current, height }: Pick<VirtualRowsProps, "count" | "current" | "height">,
  size: number,
  frame: { readonly current: HTMLElement | null }
) => {
  const [seen, setSeen] = useState({ current: -1, count: 0, scrolled: 0 })
  const isNew = seen.current !== current || seen.count !== count
  const scrolled = isNew ? revealed(seen.scrolled, size, current, count, height) : seen.scrolled
  if (isNew) setSeen({ current, count, scrolled })
  const shown = useRef(0)
  useLayoutEffect(() => {
    if (frame.current === null || shown.current === scrolled) return
    shown.current = scrolled
    frame.current.scrollTop = scrolled
  }, [frame, scrolled])
  const onScroll = (now: number) => {
    shown.current = now
    setSeen((before) => (before.scrolled === now ? before : { ...before, scrolled: now }))
  }
  return { scrolled, onScroll }
}

const useSize = (element: { readonly current: HTMLElement | null }): number => {
  const [size, setSize] = useState(400)
  useEffect(() => {
    const observed = element.current
    if (observed === null) return undefined
    const observer = new ResizeObserver(() => setSize(observed.clientHeight))
    observer.observe(observed)
    return () => observer.disconnect()
  }, [element])
  return size
}

export const VirtualRows = memo((props: VirtualRowsProps) => {
  const { activeId, count, current, height, label, onKeyDown, onLeave, role, row } = props
  const frame = useRef<HTMLDivElement>(null)
  const size = useSize(frame)
  const { onScroll, scrolled } = useScrolled({ count, current, height }, size, frame)
  const pageLines = Math.max(1, Math.floor(size / height) - 1)
  const first = Math.max(0, Math.floor(scrolled / height) - margin)
  const last = Math.min(count, Math.ceil((scrolled + size) / height) + margin)
  return (
    <div
      ref={frame}
      className="travel-rows"
      role={role}
      aria-label={label}
      aria-activedescendant={activeId}
      tabIndex={0}
      onScroll={(event) => onScroll(event.currentTarget.scrollTop)}
      onKeyDown={(event) => onKeyDown?.(event, pageLines)}
      onMouseLeave={onLeave}
    >
      <div className="travel-rows-all" role="presentation" style={{ height: count * height }}>
        <div className="travel-rows-seen" role="presentation" style={{ transform: `translateY(${first * height}px)` }}>
          {Array.from({ length: Math.max(0, last - first) }, (_, index) => row(first + index))}
        </div>
      </div>
    </div>
  )
})
