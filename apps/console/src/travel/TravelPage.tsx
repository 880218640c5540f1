/** Time travel: any past migration, or a bundle that is opened without a server behind it. */
import "./travel.css"
import { useContext, useEffect, useState } from "react"
import { useLocation, useParams } from "wouter"
import { Page } from "../layout/Page.tsx"
import { SessionContext } from "../session/context.ts"
import { useStore } from "../store/useStore.ts"
import { Button } from "../ui/Button.tsx"
import { Empty } from "../ui/Empty.tsx"
import { Failure } from "../ui/Failure.tsx"
import { browserAddresses } from "./addresses.ts"
import { ChooseFile, DropZone } from "./Choosing.tsx"
import { Opener, type Opening } from "./Opener.ts"
import { Travel } from "./Travel.tsx"

/** A browser lets pages write to the clipboard only where nobody can have changed them on their way. */
const CopyLink = () => {
  const [isCopied, setCopied] = useState(false)
  return (
    <Button onPress={() => void navigator.clipboard.writeText(location.href).then(() => setCopied(true))}>
      {isCopied ? "Link copied" : "Copy link to this moment"}
    </Button>
  )
}

const Shown = ({ onRetry, opening }: { readonly opening: Opening; readonly onRetry: (() => void) | undefined }) => {
  switch (opening._tag) {
    case "Choosing":
      return (
        <Empty title="Open an incident bundle">
          <p>
            Drop the file of a bundle here, or choose it. It is read in this page and goes nowhere. One comes from a
            migration's page, or from <code>stopcopy bundle create</code>.
          </p>
        </Empty>
      )
    case "Opening": {
      const { part, what } = opening.progress
      return (
        <div className="note" role="status">
          <p>Reading {what} …</p>
          <progress className="travel-progress" aria-label="How much of it was read" max={1} value={part} />
        </div>
      )
    }
    case "Failed":
      return <Failure problem={opening.problem} {...(onRetry === undefined ? {} : { onRetry })} />
    case "Ready":
      return <Travel key={opening.travelling.journey.name} travelling={opening.travelling} />
  }
}

/** One for the page: a file that is open stays open while somebody looks at another page, and when the address of a migration is left for it. */
const opener = new Opener(browserAddresses)

export const TravelPage = () => {
  const { migration } = useParams()
  const [, navigate] = useLocation()
  const id = migration === undefined ? undefined : decodeURIComponent(migration)
  const session = useContext(SessionContext)?.session
  const opening = useStore(opener.state)
  useEffect(() => {
    if (id === undefined) opener.leave()
    else void opener.migration(session, id)
  }, [session, id])
  const onFile = (file: File) => {
    // The address of a migration would lead to another bundle than this one.
    if (id !== undefined) navigate("/travel")
    void opener.file(file)
  }
  const isReady = opening._tag === "Ready"
  return (
    <DropZone onFile={onFile}>
      <Page
        title="Time travel"
        aside={isReady && <span className="travel-name mono">{opening.travelling.journey.name}</span>}
        actions={
          <>
            {isReady && id !== undefined && isSecureContext && <CopyLink />}
            <ChooseFile onFile={onFile}>{isReady ? "Open another bundle" : "Choose a bundle"}</ChooseFile>
          </>
        }
      >
        <Shown opening={opening} onRetry={id === undefined ? undefined : () => void opener.migration(session, id)} />
      </Page>
    </DropZone>
  )
}
