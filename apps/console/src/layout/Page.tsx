/** The frame of every page: its title, which gets the focus when somebody came here by a link, what can be done, and the rest. */
import { type ReactNode, useEffect, useRef } from "react"

/** The title that had the focus for being new: the first page after loading leaves it where the browser puts it. */
const visited = { any: false }

interface PageProps {
  readonly title: string
  /** Beside the title: a state, an id. */
  readonly aside?: ReactNode
  readonly actions?: ReactNode
  /** Where the page belongs, before the title. */
  readonly above?: ReactNode
  readonly children: ReactNode
}

export const Page = ({ above, actions, aside, children, title }: PageProps) => {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (visited.any) heading.current?.focus()
    visited.any = true
  }, [])
  return (
    <main id="content" className="page" tabIndex={-1}>
      <title>{`${title} · Stopcopy`}</title>
      <header className="page-head">
        {above !== undefined && <div className="page-above">{above}</div>}
        <div className="page-line">
          <h1 ref={heading} className="page-title" tabIndex={-1}>
            {title}
          </h1>
          {aside}
          {actions !== undefined && <div className="page-actions">{actions}</div>}
        </div>
      </header>
      {children}
    </main>
  )
}
