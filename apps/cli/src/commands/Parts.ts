/** Arguments and options that several commands have, and how their implementations are loaded. */
import * as Args from "@effect/cli/Args"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import { Effect } from "effect"

/** What looks like an option is one that does not exist. */
const refuseOption = (given: string): Effect.Effect<string, HelpDoc.HelpDoc> =>
  given.startsWith("-") && given !== "-"
    ? Effect.fail(HelpDoc.p(`there is no option '${given}'; a file of that name is './${given}'`))
    : Effect.succeed(given)

/** A path, or another word. */
export const word = (name: string, description: string): Args.Args<string> =>
  Args.text({ name }).pipe(Args.withDescription(description), Args.mapEffect(refuseOption))

/** One or more paths. */
export const paths = (name: string, description: string): Args.Args<ReadonlyArray<string>> =>
  Args.atLeast(word(name, description), 1)

/** An option with a text as its value. */
export const textOption = (name: string, description: string): Options.Options<string> =>
  Options.text(name).pipe(Options.withDescription(description))

/** An option without a value. */
export const flag = (name: string, description: string): Options.Options<boolean> =>
  Options.boolean(name).pipe(Options.withDescription(description))

/** `--json`, as every command that looks into journals has it. */
export const json: Options.Options<boolean> = flag("json", "Print JSON, one object a line")

/** How a journal or bundle argument is described. */
export const sourceHelp = "A journal, or a bundle of journals; it is only read"

/** How the options of points are described. */
export const pointHelp = "the sequence of an event, or LABEL:SEQUENCE where there are several journals"

/** Loads what a command needs when it runs. A part of the program that is missing is a broken installation: a defect. */
export const load = <A>(module: () => Promise<A>): Effect.Effect<A> => Effect.promise(module)
