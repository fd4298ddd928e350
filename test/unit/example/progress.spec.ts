import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { expect, it } from '@jest/globals';
import { Progress } from '../../../src/demo/progress.js';

function screen(terminal: { readonly isTTY: boolean; readonly columns: number }): {
  stream: WriteStream;
  text: () => string;
} {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString();
      done();
    },
  });
  return { stream: Object.assign(stream, terminal) as unknown as WriteStream, text: () => text };
}

it('writes one line over and over on a terminal, no longer than the terminal, and leaves nothing behind', () => {
  const { stream, text } = screen({ isTTY: true, columns: 10 });
  const progress = new Progress(stream);
  progress.show('a step that has a long name');
  progress.show('b');
  progress.clear();
  expect(text().replaceAll('\u001b[2K\u001b[1G', '|')).toBe('|a step t…|b|');
});

it('takes 80 columns for granted on a terminal that does not say', () => {
  const { stream, text } = screen({ isTTY: true, columns: 0 });
  new Progress(stream).show('x'.repeat(100));
  expect(text()).toMatch(/x{78}…$/);
});

it('is silent where nobody could see it change', () => {
  const { stream, text } = screen({ isTTY: false, columns: 80 });
  const progress = new Progress(stream);
  progress.show('a step');
  progress.clear();
  expect(text()).toBe('');
});
