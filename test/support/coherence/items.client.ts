import { Agent, request } from 'node:http';
import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';

/** Where the servers of an application listen, on this machine. */
export interface ItemsPorts {
  readonly http: number;
  readonly rpc: number;
}

/** Calls an application of items, in whichever process it is. */
export class ItemsClient {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly client: ClientProxy;

  constructor(readonly ports: ItemsPorts) {
    const options = { host: '127.0.0.1', port: ports.rpc };
    this.client = ClientProxyFactory.create({ transport: Transport.TCP, options });
  }

  http<T>(method: string, path: string, tenant: string | undefined, body?: object): Promise<T> {
    const headers = { 'content-type': 'application/json', ...(tenant !== undefined && { tenant }) };
    const { agent, ports } = this;
    return new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port: ports.http, path, method, agent, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(JSON.parse(text) as T);
          else reject(new Error(`${method} ${path}: ${text}`));
        });
      });
      call.on('error', reject).end(body && JSON.stringify(body));
    });
  }

  rpc<T>(name: string, tenant: string | undefined, input: object): Promise<T> {
    return lastValueFrom(this.client.send<T>(name, { ...input, tenant }));
  }

  /** Hangs up. */
  close(): Promise<void> {
    this.agent.destroy();
    this.client.close();
    return Promise.resolve();
  }
}
