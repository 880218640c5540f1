/** What kind of state something is in: colours follow from it. */
export type Tone = "neutral" | "busy" | "good" | "warn" | "bad"
