/** The addresses of pages. Ids may have slashes, which stand in one part of an address. Pure. */
export const migrationAddress = (id: string): string => `/migrations/${encodeURIComponent(id)}`

export const travelAddress = (id: string): string => `/travel/${encodeURIComponent(id)}`
