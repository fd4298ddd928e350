import { type OutgoingMessage, UnroutableError, WorkflowTransport } from '../../libs/orchestrator/src/index.js';
import type { BootedServices } from '../../libs/orchestrator/src/testing/index.js';
import type { Faults } from './faults.js';

/** Between the services of a case and their broker: hears what they publish, fails where a fault says so, and delivers. */
export class Wire {
  private readonly publish: (message: OutgoingMessage) => Promise<void>;
  private delivered = 0;

  /** @param heard of every message that the broker accepted from a service */
  constructor({ app }: BootedServices, faults: Faults, heard: (message: OutgoingMessage) => void) {
    const transports = app.get(WorkflowTransport, { strict: false, each: true });
    const originals = transports.map((transport) => transport.publish.bind(transport));
    const [first] = originals;
    if (first === undefined) throw new Error('The case has no service.');
    this.publish = first;
    transports.forEach((transport, at) => {
      transport.publish = async (message) => {
        await faults.pass('publish', message.destination);
        await (originals[at] ?? first)(message);
        heard(message);
      };
    });
  }

  /** Gives a service a message, as from outside. `false`: there is no such service. */
  async deliver(service: string, body: string): Promise<boolean> {
    const messageId = `from outside ${(this.delivered += 1)}`;
    try {
      await this.publish({ destination: `${service}.workflow`, body, messageId });
      return true;
    } catch (error) {
      if (error instanceof UnroutableError) return false;
      throw error;
    }
  }
}
