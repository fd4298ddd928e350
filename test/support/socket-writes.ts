import { Socket } from 'node:net';
import { jest } from '@jest/globals';

/** How many system calls write to sockets of this process while something is done. */
export async function socketWrites(work: () => Promise<unknown>): Promise<number> {
  const writes = (['_write', '_writev'] as const).map((name) => jest.spyOn(Socket.prototype, name as '_write'));
  try {
    await work();
    return writes.reduce((sum, write) => sum + write.mock.calls.length, 0);
  } finally {
    for (const write of writes) write.mockRestore();
  }
}
