/** There is nothing to show: why that is so, and what to do next. */
import type { ReactNode } from "react"

export const Empty = ({ children, title }: { readonly title: string; readonly children?: ReactNode }) => (
  <div className="note note-empty">
    <p className="note-title">{title}</p>
    {children}
  </div>
)
