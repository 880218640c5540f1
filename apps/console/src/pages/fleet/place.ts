/** A host or one of its PFs. Pure. */
export interface Place {
  readonly host: string
  /** Left out: the whole host. */
  readonly pf?: string
}

export const placeName = ({ host, pf }: Place): string => (pf === undefined ? host : `${host}/${pf}`)
