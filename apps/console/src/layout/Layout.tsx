/** What stands around every page: where one can go, whether it is live, who is signed in. */
import type { ReactNode } from "react"
import { Link, useLocation } from "wouter"
import { useAuth, useSession } from "../session/context.ts"
import { Button } from "../ui/Button.tsx"
import { Mark } from "../ui/Mark.tsx"
import { Announcer } from "./Announcer.tsx"
import { ConnectionNote, ConnectionState } from "./ConnectionNote.tsx"
import { Shortcuts } from "./Shortcuts.tsx"
import { ThemeButton } from "./ThemeButton.tsx"

const places = [
  { to: "/", title: "Overview" },
  { to: "/fleet", title: "Fleet" },
  { to: "/migrations", title: "Migrations" },
  { to: "/travel", title: "Time travel" }
] as const

const isAt = (location: string, to: string): boolean =>
  to === "/" ? location === "/" : location === to || location.startsWith(`${to}/`)

const Who = () => {
  const { caller } = useSession()
  const auth = useAuth()
  if (!caller.hasTokens) return null
  return (
    <span className="who">
      <span title={caller.role === "operate" ? "This token may change things" : "This token may only read"}>
        {caller.name} <span className="who-role">{caller.role}</span>
      </span>
      <Button kind="quiet" onPress={() => auth.signOut()}>
        Sign out
      </Button>
    </span>
  )
}

export const Layout = ({ children }: { readonly children: ReactNode }) => {
  const [location] = useLocation()
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="top">
        <Link className="brand" href="/">
          <Mark /> Stopcopy
        </Link>
        <nav className="nav" aria-label="Pages">
          {places.map(({ title, to }) => (
            <Link key={to} className="nav-link" href={to} aria-current={isAt(location, to) ? "page" : undefined}>
              {title}
            </Link>
          ))}
        </nav>
        <div className="top-end">
          <ConnectionState />
          <Who />
          <ThemeButton />
          <Shortcuts />
        </div>
      </header>
      <ConnectionNote />
      {children}
      <Announcer />
    </>
  )
}
