/**
 * Before every test file. Node's loader stops half-way through links when the file that was looked at last in the process is a socket (its `realpath` reads
 * the type from there, seen in Node 20): a test file that runs behind one that removed a socket would load a second `effect`, from the place of pnpm's link.
 */
import { statSync } from "node:fs"

statSync("/")
