// Starts private Redis, RabbitMQ and NATS servers on free ports, each with a data directory of its own. Built-ins only.
import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const PLACES = [
  '/usr/sbin',
  '/usr/bin',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/opt/homebrew/bin',
  '/opt/homebrew/sbin',
];
/** Debian's /usr/sbin/rabbitmq-server is a wrapper that only root and rabbitmq may run, and that switches user. */
const BEFORE_PATH = ['/usr/lib/rabbitmq/bin'];

/** Where a program is; `undefined`: it is not installed. */
export function find(name) {
  const path = (process.env.PATH ?? '').split(':');
  return [...BEFORE_PATH, ...path, ...PLACES].map((place) => join(place, name)).find((file) => existsSync(file));
}

/** What makes each server: the variable that may name one that runs already, and how to start a private one. */
export const SERVERS = {
  redis: { variable: 'REDIS_URL', program: 'redis-server', start: startRedis },
  rabbitmq: { variable: 'AMQP_URL', program: 'rabbitmq-server', start: startRabbit },
  nats: { variable: 'NATS_URL', program: 'nats-server', start: startNats },
};

/**
 * Starts those servers that no variable of the environment names, side by side, and sets the variables.
 * @returns a function that stops what was started. When one cannot start, the others are stopped before it throws.
 */
export async function startServers(names, root, env = process.env) {
  const missing = names.filter((name) => !env[SERVERS[name].variable]);
  const started = await Promise.allSettled(missing.map((name) => SERVERS[name].start(root)));
  const servers = started.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  const failed = started.find(({ status }) => status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  for (const [at, name] of missing.entries()) env[SERVERS[name].variable] = servers[at].url;
  return stop;
}

/** @param more arguments, such as '--maxmemory', '10mb' */
export function startRedis(root, more = []) {
  return start(root, {
    name: 'redis',
    readyMs: 10_000,
    url: (port) => `redis://127.0.0.1:${port}`,
    hello: 'PING\r\n',
    isAnswer: (bytes) => bytes.toString().startsWith('+PONG'),
    command: (port, dir) => ({
      program: installed('redis-server'),
      args: ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--save', '', '--appendonly', 'no', '--daemonize', 'no', ...more], // prettier-ignore
    }),
  });
}

export function startNats(root) {
  return start(root, {
    name: 'nats',
    readyMs: 10_000,
    url: (port) => `nats://127.0.0.1:${port}`,
    hello: '',
    isAnswer: (bytes) => bytes.toString().startsWith('INFO '),
    command: (port) => ({ program: installed('nats-server'), args: ['--addr', '127.0.0.1', '--port', String(port)] }),
  });
}

/** @param settings lines of its rabbitmq.conf, such as 'consumer_timeout = 10000' */
export async function startRabbit(root, settings = []) {
  const [distPort, epmdPort] = [await freePort(), await freePort()];
  const envOf = (dir, port) => rabbitEnv({ dir, port, distPort, epmdPort });
  const server = await start(root, {
    name: 'rabbitmq',
    readyMs: 90_000,
    url: (port) => `amqp://guest:guest@127.0.0.1:${port}`,
    hello: Buffer.from('AMQP\0\0\x09\x01', 'latin1'),
    isAnswer: (bytes) => bytes[0] === 1,
    // Otherwise the broker starts one itself, which stays.
    beside: (dir) => run(installed('epmd'), ['-port', String(epmdPort), '-address', '127.0.0.1'], { cwd: dir }),
    command: (port, dir) => {
      writeFileSync(join(dir, 'enabled_plugins'), '[].\n');
      writeFileSync(join(dir, 'rabbitmq.conf'), [`listeners.tcp.1 = 127.0.0.1:${port}`, ...settings, ''].join('\n'));
      return { program: installed('rabbitmq-server'), args: [], env: envOf(dir, port) };
    },
  });
  const control = async (...args) => {
    const env = { ...process.env, ...envOf(server.dir, server.port) };
    return (await promisify(execFile)(installed('rabbitmqctl'), args, { env })).stdout;
  };
  return Object.assign(server, { control });
}

function rabbitEnv({ dir, port, distPort, epmdPort }) {
  return {
    HOME: dir, // keeps .erlang.cookie private
    RABBITMQ_NODENAME: `test-${port}@localhost`,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distPort),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(dir, 'mnesia'),
    RABBITMQ_LOG_BASE: join(dir, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none',
    RUNNING_UNDER_SYSTEMD: 'true', // makes the script exec the virtual machine: the child's pid is the broker's
    NOTIFY_SOCKET: undefined,
  };
}

/** Starts one, and waits until it answers; it can be killed, and started again on the same port with the same data. */
async function start(root, { name, readyMs, url, hello, isAnswer, command, beside }) {
  const dir = mkdtempSync(join(root, `${name}-`));
  const port = await freePort();
  const log = join(dir, 'server.log');
  let [server, helper] = [];
  const stop = async (signal) => {
    await server?.stop(signal);
    await helper?.stop();
  };
  const launch = async () => {
    helper = beside?.(dir);
    const { program, args, env } = command(port, dir);
    server = run(program, args, { cwd: dir, log, env });
    const deadline = Date.now() + readyMs;
    while (!(await answers(port, hello, isAnswer))) {
      if (server.exited || Date.now() > deadline) {
        await stop('SIGKILL');
        throw new Error(`${name} did not start on port ${port}: ${readFileSync(log, 'utf8').slice(-2_000)}`);
      }
      await sleep(50);
    }
  };
  await launch();
  return {
    name,
    url: url(port),
    port,
    dir,
    get pid() {
      return server.pid;
    },
    stop,
    restart: launch,
  };
}

function run(program, args, { cwd, log, env }) {
  const output = log === undefined ? 'ignore' : openSync(log, 'a');
  const child = spawn(program, args, { cwd, stdio: ['ignore', output, output], detached: true, env: { ...process.env, ...env } }); // prettier-ignore
  if (log !== undefined) closeSync(output);
  child.unref();
  endWith(process.pid, child.pid);
  const state = { pid: child.pid, exited: false };
  const exit = new Promise((resolve) => {
    for (const event of ['exit', 'error']) child.once(event, resolve);
  }).then(() => (state.exited = true));
  return Object.assign(state, {
    /** Resolves when the process is gone; one that does not go is killed. */
    stop: async (signal = 'SIGTERM', graceMs = 15_000) => {
      if (state.exited) return;
      child.ref();
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exit;
      clearTimeout(timer);
    },
  });
}

/** Ends a server whose parent was killed outright, so that nothing stays behind. */
function endWith(parent, pid) {
  if (pid === undefined) return;
  const watch = 'while kill -0 "$1" && kill -0 "$2"; do sleep 1; done; kill "$2"';
  spawn('sh', ['-c', `{ ${watch}; } 2>/dev/null`, 'watch', String(parent), String(pid)], { stdio: 'ignore', detached: true }).unref(); // prettier-ignore
}

/** @throws Error that says how to get it */
function installed(program) {
  const path = find(program);
  if (path === undefined) throw new Error(`${program} is not installed: node scripts/servers.mjs says how to get it.`);
  return path;
}

/** A port of this machine that nobody has at the moment. */
export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Whether what listens there says what such a server says. */
const answers = (port, hello, isAnswer) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const done = (ok) => {
      socket.destroy();
      resolve(ok);
    };
    socket.setTimeout(1_000, () => done(false));
    socket.once('error', () => done(false)).once('close', () => done(false));
    socket.once('connect', () => socket.write(hello));
    socket.once('data', (bytes) => done(isAnswer(bytes)));
  });
