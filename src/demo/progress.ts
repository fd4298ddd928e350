import { clearLine, cursorTo } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { clip } from './style.js';

/** One line that is written over again while a run works. On anything but a terminal it stays silent. */
export class Progress {
  constructor(private readonly stream: WriteStream) {}

  show(text: string): void {
    if (!this.stream.isTTY) return;
    this.clear();
    this.stream.write(clip(text, this.stream.columns - 1));
  }

  clear(): void {
    if (!this.stream.isTTY) return;
    clearLine(this.stream, 0);
    cursorTo(this.stream, 0);
  }
}
