import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** Where bytes go: to the server, or back to its client. */
export type Way = 'there' | 'back';

/** An address whose server may change, as a name or a balancer has, and a line to it that may be bad. */
export class Crossing {
  /** Bytes that did not get through. */
  swallowed = 0;
  /** How often bytes came late. */
  held = 0;
  /** Milliseconds for which bytes are held back, each way. */
  lag: () => number = () => 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly stopped = new Set<Way>();

  private constructor(private target: number | undefined) {
    this.server = createServer((near) => {
      if (this.target === undefined) {
        near.destroy();
        return;
      }
      const far = connect(this.target, '127.0.0.1');
      this.carry(near, far, 'there');
      this.carry(far, near, 'back');
    });
  }

  static async to(port: number): Promise<Crossing> {
    const crossing = new Crossing(port);
    await new Promise<void>((resolve) => {
      crossing.server.listen(0, '127.0.0.1', resolve);
    });
    return crossing;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** From now on it leads there; `undefined`: nowhere. Who is connected is disconnected. */
  switch(port: number | undefined): void {
    this.target = port;
    this.pass();
    this.cut();
  }

  /** Disconnects everybody. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Resets every connection, as a router does that has forgotten them. @returns of how many clients */
  reset(): number {
    const those = [...this.sockets];
    for (const socket of those) socket.resetAndDestroy();
    return those.length / 2;
  }

  /** From now on bytes get lost, and nobody hears of it: answers, unless told otherwise. */
  swallow(...ways: readonly Way[]): void {
    for (const way of ways.length > 0 ? ways : (['back'] as const)) this.stopped.add(way);
  }

  /** New connections are good again. One that has lost bytes never is. */
  pass(): void {
    this.stopped.clear();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private carry(from: Socket, to: Socket, way: Way): void {
    let lost = false;
    const isLost = (): boolean => (lost ||= this.stopped.has(way));
    const inTurn = this.late();
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (bytes) => {
      if (isLost()) this.swallowed += bytes.length;
      else inTurn(() => to.write(bytes));
    });
    from.on('error', () => undefined).on('close', () => {
      this.sockets.delete(from);
      if (!isLost()) inTurn(() => { to.destroySoon(); }); // prettier-ignore
    }); // prettier-ignore
  }

  /** Does things in their order, each as late as the line is. */
  private late(): (act: () => unknown) => void {
    let [waiting, before] = [0, Promise.resolve()];
    return (act) => {
      const ms = this.lag();
      if (ms === 0 && waiting === 0) {
        act();
        return;
      }
      this.held += 1;
      waiting += 1;
      before = Promise.all([before, setTimeout(ms)]).then(() => {
        waiting -= 1;
        act();
      });
    };
  }
}
