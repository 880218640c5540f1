/** Whether what is in an element is wider than it is, as it changes. */
import { type RefObject, useLayoutEffect, useRef, useState } from "react"

interface Overflow {
  readonly frame: RefObject<HTMLDivElement | null>
  readonly overflows: boolean
}

export const useOverflow = (): Overflow => {
  const frame = useRef<HTMLDivElement>(null)
  const [overflows, setOverflows] = useState(false)
  useLayoutEffect(() => {
    const element = frame.current
    if (element === null) return undefined
    const measured = new ResizeObserver(() => setOverflows(element.scrollWidth > element.clientWidth))
    measured.observe(element)
    return () => measured.disconnect()
  }, [])
  return { frame, overflows }
}
