/** What an operating system says when there is no space for more: a full disk, a file size limit, a quota. */

/** The codes of these errors. */
const codes: ReadonlySet<string> = new Set(["ENOSPC", "EFBIG", "EDQUOT"])

/** The code of an error of the operating system; `unknown` for anything else. */
export const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown"

/** True if an error of this code goes away when there is space again. */
export const isNoSpace = (code: string): boolean => codes.has(code)
