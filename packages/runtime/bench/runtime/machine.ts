/** The lamp of `lamp.ts` as machines of XState 5: one with two states, as one writes a machine, and one without states. */
import { assign, createActor, initialTransition, setup, transition } from "xstate"

const context: { readonly total: number } = { total: 0 }
const events: { readonly type: "Switch"; readonly by: number } = { type: "Switch", by: 0 }

const types = setup({ types: { context, events } })
const add = types.assign({ total: ({ context: { total }, event: { by } }) => total + by })

const lamp = types.createMachine({
  context,
  initial: "off",
  states: {
    off: { on: { Switch: { target: "on", actions: add } } },
    on: { on: { Switch: { target: "off", actions: add } } }
  }
})

const stateless = setup({ types: { context, events } }).createMachine({
  context,
  on: { Switch: { actions: assign({ total: ({ context: { total }, event: { by } }) => total + by }) } }
})

/** Pure transitions from state to state, one after the other; the last total. */
export const transitions = (commands: number): number => {
  let [snapshot] = initialTransition(lamp)
  for (let by = 0; by < commands; by++) [snapshot] = transition(lamp, snapshot, { type: "Switch", by })
  return snapshot.context.total
}

/** The same of the machine without states. */
export const statelessTransitions = (commands: number): number => {
  let [snapshot] = initialTransition(stateless)
  for (let by = 0; by < commands; by++) [snapshot] = transition(stateless, snapshot, { type: "Switch", by })
  return snapshot.context.total
}

/** Transitions from state to state through a running actor's mailbox. */
export const sends = (commands: number): number => {
  const actor = createActor(lamp).start()
  for (let by = 0; by < commands; by++) actor.send({ type: "Switch", by })
  const { total } = actor.getSnapshot().context
  actor.stop()
  return total
}
