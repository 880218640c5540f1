/** The options of every operator command: where the coordinator is, and what it is shown. */
import * as Options from "@effect/cli/Options"
import { json, textOption } from "./Parts.ts"

/** The same names stand in the environment (`STOPCOPY_COORDINATOR` ...) and in the file. */
export const connection = {
  coordinator: textOption("coordinator", "Where the coordinator is. Default: http://127.0.0.1:7700").pipe(
    Options.withPseudoName("URL"),
    Options.optional
  ),
  tokenFile: textOption("token-file", "A file with the token: SECRET or NAME SECRET").pipe(
    Options.withPseudoName("FILE"),
    Options.optional
  ),
  caFile: textOption("ca-file", "A PEM file with the authority of the coordinator's certificate").pipe(
    Options.withPseudoName("FILE"),
    Options.optional
  ),
  config: textOption(
    "config",
    "A JSON file with these settings. Default: ~/.config/stopcopy/config.json if it is there"
  ).pipe(Options.withPseudoName("FILE"), Options.optional),
  json
}
