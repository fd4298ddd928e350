import { InputTooLargeError } from '../errors/input-too-large.error.js';

/**
 * The bytes that an input comes to as JSON. While it is being built only bounds are kept, which cost next to nothing: too
 * large is known before more is copied, and the exact size is asked for only near the limit.
 */
export class InputSize {
  private atLeast = 0;
  private atMost = 0;

  constructor(
    private readonly step: string,
    private readonly limit: number,
  ) {}

  /** @throws InputTooLargeError */
  addText(text: string): void {
    this.add(text.length, text.length * 6 + 4); // the longest escape has 6 characters; 4: quotes, colon, comma
  }

  /** A number, `true`, `false`, `null`, or a pair of brackets. @throws InputTooLargeError */
  addToken(): void {
    this.add(1, 25); // the longest number has 24 characters; 1: comma
  }

  /** @throws InputTooLargeError */
  check(input: unknown): void {
    if (this.atMost <= this.limit || input === undefined) return;
    if (Buffer.byteLength(JSON.stringify(input)) > this.limit) throw this.tooLarge();
  }

  private add(atLeast: number, atMost: number): void {
    this.atLeast += atLeast;
    this.atMost += atMost;
    if (this.atLeast > this.limit) throw this.tooLarge();
  }

  private tooLarge(): InputTooLargeError {
    return new InputTooLargeError(this.step, 'inputBytes', this.limit);
  }
}
