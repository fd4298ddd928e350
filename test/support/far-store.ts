import { Keyv } from 'keyv';

/** What the store does with a call: answer it, refuse it, or never come back to it. */
export type Mood = 'well' | 'refuses' | 'hangs';

/** A store outside the process, as a cache sees it. */
export class FarStore {
  mood: Mood = 'well';
  /** For what it was asked, one after another. */
  readonly calls: ('get' | 'set' | 'delete' | 'clear')[] = [];
  readonly values = new Map<string, unknown>();

  /** @param throws whether whoever asks is told of errors; a Keyv swallows them unless it is told otherwise */
  keyv(throws = true): Keyv {
    const keyv = new Keyv({ store: this, throwOnErrors: throws, useKeyPrefix: false });
    keyv.on('error', () => undefined); // it is thrown too
    return keyv;
  }

  get = (key: string): Promise<unknown> => this.call('get', () => this.values.get(key));
  set = (key: string, value: unknown): Promise<unknown> => this.call('set', () => void this.values.set(key, value));
  delete = (key: string): Promise<unknown> => this.call('delete', () => this.values.delete(key));
  clear = (): Promise<unknown> => this.call('clear', () => {
    this.values.clear();
  }); // prettier-ignore

  /** How often it was asked, for one thing or another. */
  get asked(): number {
    return this.calls.length;
  }

  private call(what: 'get' | 'set' | 'delete' | 'clear', work: () => unknown): Promise<unknown> {
    this.calls.push(what);
    if (this.mood === 'hangs') return new Promise(() => undefined);
    return this.mood === 'refuses' ? Promise.reject(new Error('the store is down')) : Promise.resolve(work());
  }
}
