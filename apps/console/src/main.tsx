/** The entry of the console: mounts the app into the page. */
import "./styles/tokens.css"
import "./styles/base.css"
import "./styles/layout.css"
import "./styles/ui.css"
import "./styles/rows.css"
import "./styles/fleet.css"
import "./styles/migration.css"
import "./styles/overview.css"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App } from "./App.tsx"
import { beginTheme } from "./layout/theme.ts"
import { Auth } from "./session/Auth.ts"

const root = document.getElementById("root")
if (root === null) throw new Error("the page has no element with the id root")
beginTheme()
createRoot(root).render(
  <StrictMode>
    <App auth={new Auth(location.origin, sessionStorage)} />
  </StrictMode>
)
