/** What stands around a page that is used without a coordinator. */
import type { ReactNode } from "react"
import { Link } from "wouter"
import { Mark } from "../ui/Mark.tsx"
import { ThemeButton } from "./ThemeButton.tsx"

export const OfflineLayout = ({ children }: { readonly children: ReactNode }) => (
  <>
    <a className="skip" href="#content">
      Skip to the content
    </a>
    <header className="top">
      <Link className="brand" href="/">
        <Mark /> Stopcopy
      </Link>
      <span className="quiet">without a coordinator</span>
      <div className="top-end">
        <ThemeButton />
      </div>
    </header>
    {children}
  </>
)
