/** The mark of the product: two devices, and what goes from one to the other. Decoration. */
export const Mark = () => (
  <svg className="mark" viewBox="0 0 24 24" aria-hidden="true">
    <rect x="1.5" y="4" width="8" height="16" rx="2" className="mark-from" />
    <rect x="14.5" y="4" width="8" height="16" rx="2" className="mark-to" />
    <path d="M5.5 12h12m-3.5-3.5 3.5 3.5-3.5 3.5" className="mark-way" />
  </svg>
)
