import { clearLine, cursorTo } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { clip } from './style.js';

/** Columns of a terminal that does not say how many it has. */
const UNKNOWN = 80;

/** One line that is written over again while a run works. On anything but a terminal it stays silent. */
export class Progress {
  constructor(private readonly stream: WriteStream) {}

  show(text: string): void {
    if (!this.stream.isTTY) return;
    this.clear();
    const columns = this.stream.columns > 0 ? this.stream.columns : UNKNOWN;
    this.stream.write(clip(text, columns - 1));
  }

  clear(): void {
    if (!this.stream.isTTY) return;
    clearLine(this.stream, 0);
    cursorTo(this.stream, 0);
  }
}
