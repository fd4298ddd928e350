/** An id of somebody or something: a text that is not empty, or a finite number. */
export const isId = (value: unknown): value is string | number =>
  typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' && value !== '';
