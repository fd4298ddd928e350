import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** An address whose server may change, as a name or a balancer has: who is connected when it does is disconnected. */
export class Crossing {
  /** Bytes of answers that did not get through. */
  swallowed = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private mute = false;

  private constructor(private target: number | undefined) {
    this.server = createServer((near) => {
      if (this.target === undefined) {
        near.destroy();
        return;
      }
      const far = connect(this.target, '127.0.0.1');
      near.on('data', (bytes) => far.write(bytes));
      far.on('data', (bytes) => {
        if (this.mute) this.swallowed += bytes.length;
        else near.write(bytes);
      });
      for (const [one, other] of [[near, far], [far, near]] as const) {
        this.sockets.add(one);
        one.setNoDelay(true);
        one.on('error', () => undefined).on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
      } // prettier-ignore
    });
  }

  static async to(port: number): Promise<Crossing> {
    const crossing = new Crossing(port);
    await new Promise<void>((resolve) => {
      crossing.server.listen(0, '127.0.0.1', resolve);
    });
    return crossing;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on it leads there; `undefined`: nowhere. */
  switch(port: number | undefined): void {
    [this.target, this.mute] = [port, false];
    this.cut();
  }

  /** Disconnects everybody. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Answers get lost, until it leads elsewhere. */
  swallow(): void {
    this.mute = true;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
