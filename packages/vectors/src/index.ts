/** What `@stopcopy/vectors` offers: running reference vectors, for tests and for the command. */
export { type Failed, type FileResult, filesOf, NoVectors, runFile } from "./Folder.ts"
export { NotVectors, OtherJson } from "./VectorFile.ts"
