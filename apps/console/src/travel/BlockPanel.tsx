/** The migration block of a VF at the cursor: its fields as a tree beside its bytes, each showing the other. */
import { Either } from "effect"
import { memo, useCallback, useMemo, useState } from "react"
import { Empty } from "../ui/Empty.tsx"
import { blockIn, type BlockRow, blockRows, isBlank, type Lit, litByte, treeOf } from "./BlockRows.ts"
import { BlockTree } from "./BlockTree.tsx"
import { useTravelling, useView } from "./context.ts"
import { HexView } from "./HexView.tsx"
import { type Journey, standingAt } from "./Journey.ts"
import { actorText, shownActor, type View } from "./View.ts"

/** The VFs that a bundle knows the state of. */
const vfsOf = ({ chronicle }: Journey): ReadonlyArray<number> =>
  chronicle.actors.flatMap(({ behavior }, index) => (behavior === "vf" ? [index] : []))

/** The one whose block is shown: that whose state is shown, or that of the cursor's event, or the first. */
const shownVf = (journey: Journey, view: View, vfs: ReadonlyArray<number>): number | undefined => {
  const wanted = shownActor(journey.chronicle, view)
  return vfs.find((vf) => vf === wanted) ?? vfs[0]
}

const Block = memo(({ before, block }: { readonly block: Uint8Array; readonly before: Uint8Array | undefined }) => {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const [chosen, setChosen] = useState<Lit | undefined>(undefined)
  const [pointed, setPointed] = useState<Lit | undefined>(undefined)
  const rows = useMemo(() => blockRows(block, closed), [block, closed])
  const lit = pointed ?? chosen
  const onToggle = useCallback(({ path }: BlockRow) => {
    setClosed((now) => {
      const next = new Set(now)
      if (!next.delete(path)) next.add(path)
      return next
    })
  }, [])
  const { problem } = treeOf(block)
  return (
    <>
      {problem !== undefined && (
        <p className="note note-warn">
          {problem.where}: {problem.rule}, found {problem.source}, needed {problem.destination}
        </p>
      )}
      <div className="travel-block">
        <BlockTree rows={rows} lit={lit} onPoint={setPointed} onChoose={setChosen} onToggle={onToggle} />
        <HexView
          block={block}
          before={before}
          lit={lit}
          onPoint={(byte) => setPointed(byte === undefined ? undefined : litByte(rows, byte))}
          onChoose={(byte) => setChosen(litByte(rows, byte))}
        />
      </div>
    </>
  )
})

const blockAt = (journey: Journey, actor: number, place: number): Uint8Array | undefined =>
  Either.match(standingAt(journey, actor, place), { onLeft: () => undefined, onRight: ({ value }) => blockIn(value) })

export const BlockPanel = () => {
  const travelling = useTravelling()
  const { journey } = travelling
  const view = useView()
  const vfs = useMemo(() => vfsOf(journey), [journey])
  const actor = shownVf(journey, view, vfs)
  if (actor === undefined) return <Empty title="No VF is in this bundle: there is no migration block to show" />
  const before = blockAt(journey, actor, view.cursor - 1)
  const block = blockAt(journey, actor, view.cursor)
  return (
    <section className="travel-section travel-section-block">
      <label className="travel-choice">
        <span className="quiet">Block of </span>
        <select
          value={actor}
          onChange={({ currentTarget: { value } }) => travelling.jump({ actor: Number(value), field: undefined })}
        >
          {vfs.map((vf) => (
            <option key={vf} value={vf}>
              {actorText(journey.chronicle, vf)}
            </option>
          ))}
        </select>
      </label>
      {block === undefined ? (
        <Empty title="The state of this VF is not known here" />
      ) : isBlank(block) ? (
        <Empty title="The block is blank at this moment">
          <p>It is filled when the source enters PRE_COPY and STOP_COPY, and when the destination receives it.</p>
        </Empty>
      ) : (
        <Block key={actor} block={block} before={before} />
      )}
    </section>
  )
}
