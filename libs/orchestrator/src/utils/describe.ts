/** User and password of a URL, wherever it stands in a text. */
const CREDENTIALS = /:\/\/\S*@/g;

/** A value as an error message shows it: its kind, and its text where that is short. Never the whole of a large input, or a password in a URL. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  switch (typeof value) {
    case 'undefined':
      return 'nothing';
    case 'string':
      return JSON.stringify(shortened(value.replace(CREDENTIALS, '://…@')));
    case 'object':
      return value === null ? 'null' : 'an object';
    case 'function':
      return 'a function';
    default:
      return String(value);
  }
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
