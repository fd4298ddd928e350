import { Logger } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { firstValueFrom, timeout, TimeoutError } from 'rxjs';
import { describeError } from '../../utils/describe-error.js';
import type { Packet } from './packet.js';

/** Milliseconds for which a receipt is waited for. */
const RECEIPT_WITHIN = 10_000;

const logger = new Logger('NestTransport');

/**
 * Sends as a request, whose answer says that a process has the packet: `false`, it takes none any more. Without an answer it may
 * have come all the same: that counts as taken.
 *
 * @param client connected
 * @throws what the client says of a packet that did not leave
 */
export async function receipt(
  client: Pick<ClientProxy, 'send'>,
  destination: string,
  packet: Packet,
): Promise<boolean> {
  try {
    return await firstValueFrom(client.send<boolean, Packet>(destination, packet).pipe(timeout(RECEIPT_WITHIN)));
  } catch (error) {
    if (!(error instanceof TimeoutError) && !/connection closed/i.test(describeError(error))) throw error;
    logger.warn(`Message "${packet.message_id}" to "${destination}" may be lost: nobody said that it came (${describeError(error)}).`); // prettier-ignore
    return true;
  }
}
