/** Where a bundle is chosen or dropped. */
import { type DragEvent, type ReactNode, useId, useState } from "react"

interface ChooseFileProps {
  readonly children: string
  readonly onFile: (file: File) => void
}

/** A button that asks for a file. */
export const ChooseFile = ({ children, onFile }: ChooseFileProps) => {
  const id = useId()
  return (
    <span className="travel-choose">
      <input
        id={id}
        type="file"
        className="travel-file"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0]
          if (file !== undefined) onFile(file)
          currentTarget.value = ""
        }}
      />
      <label htmlFor={id} className="button button-plain">
        {children}
      </label>
    </span>
  )
}

const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer.types.includes("Files")

/** Takes a file that is dropped anywhere on what is in it. */
export const DropZone = ({
  children,
  onFile
}: {
  readonly children: ReactNode
  readonly onFile: (file: File) => void
}) => {
  const [isOver, setOver] = useState(false)
  return (
    <div
      className={`travel-drop${isOver ? " travel-drop-over" : ""}`}
      onDragOver={(event) => {
        if (!hasFiles(event)) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        const file = event.dataTransfer.files[0]
        if (file === undefined) return
        event.preventDefault()
        setOver(false)
        onFile(file)
      }}
    >
      {children}
    </div>
  )
}
