/** The pages by their addresses. What time travel needs is loaded when somebody goes there. */
import { lazy, Suspense } from "react"
import { Route, Switch, useLocation, useRoute } from "wouter"
import { Layout } from "./layout/Layout.tsx"
import { OfflineLayout } from "./layout/OfflineLayout.tsx"
import { FleetPage } from "./pages/fleet/FleetPage.tsx"
import { MigrationPage } from "./pages/migration/MigrationPage.tsx"
import { MigrationsPage } from "./pages/migrations/MigrationsPage.tsx"
import { NotFoundPage } from "./pages/NotFoundPage.tsx"
import { OverviewPage } from "./pages/overview/OverviewPage.tsx"
import type { Auth } from "./session/Auth.ts"
import { Gate } from "./session/Gate.tsx"
import { Boundary } from "./ui/Boundary.tsx"
import { Loading } from "./ui/Loading.tsx"

const TravelPage = lazy(() => import("./travel/TravelPage.tsx").then(({ TravelPage: page }) => ({ default: page })))

const Travel = () => (
  <Suspense
    fallback={
      <main id="content" className="page">
        <Loading what="time travel" />
      </main>
    }
  >
    <TravelPage />
  </Suspense>
)

const Pages = () => (
  <Switch>
    <Route path="/" component={OverviewPage} />
    <Route path="/fleet" component={FleetPage} />
    <Route path="/migrations" component={MigrationsPage} />
    <Route path="/migrations/:id">{({ id }) => <MigrationPage key={id} id={decodeURIComponent(id)} />}</Route>
    <Route path="/travel/:migration?" component={Travel} />
    <Route component={NotFoundPage} />
  </Switch>
)

/** A page that broke leaves the way to the others. */
const Guarded = () => {
  const [location] = useLocation()
  return (
    <Boundary key={location} what="The page">
      <Pages />
    </Boundary>
  )
}

/** A bundle needs no coordinator; the bundle of a migration does, and whoever reads it is known to it. */
const useOffline = () => {
  const [isBundle] = useRoute("/travel")
  return isBundle ? (
    <OfflineLayout>
      <Boundary what="The page">
        <Travel />
      </Boundary>
    </OfflineLayout>
  ) : undefined
}

export const App = ({ auth }: { readonly auth: Auth }) => (
  <Gate auth={auth} offline={useOffline()}>
    <Layout>
      <Guarded />
    </Layout>
  </Gate>
)
