/** A server that this process started. */
export interface PrivateServer {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly pid: number;
  /** Resolves when the process is gone. Default `SIGTERM`. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** After `stop`: the same port, the same data. */
  restart(): Promise<void>;
}
/** A broker that this process started. */
export interface PrivateRabbit extends PrivateServer {
  /** Runs `rabbitmqctl` on it: what it wrote. */
  control(...args: readonly string[]): Promise<string>;
}
export type ServerName = 'redis' | 'rabbitmq' | 'nats';
export function startServers(
  names: readonly ServerName[],
  root: string,
  env?: NodeJS.ProcessEnv,
): Promise<() => Promise<void>>;
export function startRedis(root: string, more?: readonly string[]): Promise<PrivateServer>;
export function startNats(root: string): Promise<PrivateServer>;
export function startRabbit(root: string, settings?: readonly string[]): Promise<PrivateRabbit>;
export function freePort(): Promise<number>;
