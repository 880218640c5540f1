/** Something is on its way. */
export const Loading = ({ what }: { readonly what: string }) => (
  <p className="note note-loading" role="status">
    <span className="spinner" aria-hidden="true" />
    Reading {what} …
  </p>
)
