/** A PostgreSQL server for tests and benchmarks. */
export { NoServer } from "./postgres/programs.ts"
export { type Control, postgres, type Server } from "./postgres/server.ts"
