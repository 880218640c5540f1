/** The counter as a machine of XState 5. */
import { assign, createActor, initialTransition, setup, transition } from "xstate"

const context: { readonly total: number } = { total: 0 }
const events: { readonly type: "Count"; readonly by: number } = { type: "Count", by: 0 }

const machine = setup({ types: { context, events } }).createMachine({
  context,
  on: { Count: { actions: assign({ total: ({ context: { total }, event: { by } }) => total + by }) } }
})

/** Pure transitions, one after the other; the last total. */
export const transitions = (commands: number): number => {
  let [snapshot] = initialTransition(machine)
  for (let by = 0; by < commands; by++) [snapshot] = transition(machine, snapshot, { type: "Count", by })
  return snapshot.context.total
}

/** The same through a running actor's mailbox. */
export const sends = (commands: number): number => {
  const actor = createActor(machine).start()
  for (let by = 0; by < commands; by++) actor.send({ type: "Count", by })
  const { total } = actor.getSnapshot().context
  actor.stop()
  return total
}
