/**
 * The process `stopcopy-coordinator`. Exit codes: 0 it did what it was asked for (`serve`: it ended after a signal, with everything in the journal); 1 it
 * failed; 2 misuse, nothing was begun; 130 and 143 a second signal ended it at once.
 */
import { runProcess } from "@stopcopy/service/process"
import { coordinatorArguments } from "./Arguments.ts"
import { run } from "./Commands.ts"

await runProcess({ name: "stopcopy-coordinator", arguments: coordinatorArguments, run })
