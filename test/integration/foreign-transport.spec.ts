import { describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Injectable,
  type ModuleMetadata,
  SetMetadata,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { Operation, OrchestratorModule } from 'nest-orchestrator';
import { serviceOf } from 'nest-orchestrator/testing';
import { book, task } from '../support/cookbook-documents.js';
import { deferred } from '../support/deferred.js';
import {
  alpha,
  app,
  clientOf,
  clock,
  connectLoopback,
  connectTcp,
  create,
  emit,
  log,
  type LoopbackBroker,
  sent,
  sentTo,
  start,
} from '../support/servers.js';
import { until } from '../support/until.js';

/** Messages that a transport of Nest, or one of the application's own, brings to the hop. */

const message = (workflow_id: string, ...steps: object[]): object => ({
  workflow_id,
  correlation_id: 'c',
  cookbook: book(steps),
  current_step: (steps[0] as { step_id: string }).step_id,
  protocol: 1,
  seq: 1,
  hop_id: `${workflow_id}-1`,
});
const call = (service: string, operation: string, input: object = {}): object =>
  task('a', { service, operation, input });
const greet = (name: string): object => call('alpha', 'greet', { name });

/** A service that greets, and notes whom. */
function greeter(greeted: string[] = []): ModuleMetadata {
  const operation = ({ name }: { name: string }): string => {
    greeted.push(name);
    return `hello ${name}`;
  };
  return { imports: [serviceOf('alpha', { reads: { greet: operation } })] };
}

const Public = (): MethodDecorator => SetMetadata('orchestrator:public', true);

@Injectable()
class OnlyPublic implements CanActivate {
  constructor(private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext): boolean {
    return this.reflector.get<boolean | undefined>('orchestrator:public', context.getHandler()) === true;
  }
}

/** A service behind a global guard, whose controller has handlers beside the operation. */
function guarded(heard: string[] = []): ModuleMetadata {
  @Controller()
  class Alpha {
    @Public()
    @Operation('greet')
    greet(@Payload() { name }: { name: string }): string {
      heard.push(`hello ${name}`);
      return `hello ${name}`;
    }
    @MessagePattern('secret')
    secret(): string {
      return 'told';
    }
    @EventPattern('alpha.workflow')
    refused(_: unknown): void {
      heard.push('although it is not public');
    }
    @Public()
    @EventPattern('alpha.workflow')
    hear(@Payload() { workflow_id }: { workflow_id: string }): void {
      heard.push(workflow_id);
    }
  }
  return {
    // With any global interceptor, as a cache brings one, Nest stops the other handlers of an event when one is refused.
    imports: [OrchestratorModule.forRoot({ service: 'alpha', cache: false })],
    controllers: [Alpha],
    providers: [{ provide: APP_GUARD, useClass: OnlyPublic }],
  };
}

describe('a TCP server that inherits the configuration of its application', () => {
  it('brings messages to the hop past the guard that refuses the other handlers', async () => {
    await create(guarded());
    const server = connectTcp();
    await start();
    const client = clientOf(server);
    await expect(lastValueFrom(client.send('secret', {}))).rejects.toMatchObject({ message: 'Forbidden resource' });
    await emit(client, 'alpha.workflow', message('w', greet('you')));
    expect(await alpha().result('w')).toMatchObject({ output: 'hello you' });
  });

  it('only brings them: what the services send goes by the transport of the library', async () => {
    await create(greeter());
    const server = connectTcp();
    await start();
    const wait = { step_id: 'w', type: 'wait', duration_ms: 1_000 };
    await emit(clientOf(server), 'alpha.workflow', message('w', wait, greet('you')));
    await until(() => sent.length > 0);
    expect(sent).toEqual([expect.objectContaining({ destination: 'alpha.workflow', delay: 1_000 })]);
    await clock.advance(1_000);
    expect(await alpha().result('w')).toMatchObject({ output: 'hello you' });
  });

  it('may stand beside others: each brings messages, and the handlers of the application hear of each once', async () => {
    const heard: string[] = [];
    await create(guarded(heard));
    const [first, second, third] = [connectTcp(), connectTcp(), connectLoopback()];
    await start();
    await emit(clientOf(first), 'alpha.workflow', message('w1', greet('one')));
    await emit(clientOf(second), 'alpha.workflow', message('w2', greet('two')));
    await third.deliver('alpha.workflow', message('w3', greet('three')));
    const results = await Promise.all(['w1', 'w2', 'w3'].map((id) => alpha().result(id)));
    expect(results.map(({ output }) => output)).toEqual(['hello one', 'hello two', 'hello three']);
    await until(() => heard.length >= 6);
    expect(heard.filter((each) => !each.startsWith('hello')).sort()).toEqual(['w1', 'w2', 'w3']);
  });
});

describe('services of one application', () => {
  it('each take the events of their own name', async () => {
    const served: string[] = [];
    const service = (name: string): Type => serviceOf(name, { reads: { serve: () => served.push(name) } });
    await create({ imports: [service('alpha'), service('beta')] });
    const broker = connectLoopback();
    await start();
    const events = [...broker.getHandlers()].map(([pattern, { isEventHandler }]) => [pattern, isEventHandler]);
    expect(events.sort()).toEqual([
      ['alpha.workflow', true],
      ['beta.workflow', true],
    ]);
    await broker.deliver('beta.workflow', message('w1', call('beta', 'serve')));
    await broker.deliver('alpha.workflow', message('w2', call('alpha', 'serve')));
    expect(served).toEqual(['beta', 'alpha']);
    // What another service had taken would have been sent on, as the next message of its run.
    const completed = (): unknown[] => sentTo('workflow.completed');
    expect(completed()).toEqual(['w1', 'w2'].map((id) => expect.objectContaining({ workflow_id: id, seq: 1 })));
    await broker.deliver('alpha.workflow', message('w3', call('beta', 'serve')));
    await until(() => completed().length > 2);
    expect(completed().at(-1)).toMatchObject({ workflow_id: 'w3', seq: 2 });
  });
});

describe('a strategy of the application', () => {
  it('may deliver before the application is initialised: its messages wait', async () => {
    const greeted: string[] = [];
    await create(greeter(greeted));
    const broker = connectLoopback();
    await app.startAllMicroservices();
    const delivered = broker.deliver('alpha.workflow', message('w', greet('early')));
    await clock.advance(0);
    expect(greeted).toEqual([]);
    await app.init();
    await delivered;
    expect(greeted).toEqual(['early']);
  });

  it('may be connected once the application is up', async () => {
    const greeted: string[] = [];
    await create(greeter(greeted));
    await app.init();
    await connectLoopback().deliver('alpha.workflow', message('w', greet('late')));
    expect(greeted).toEqual(['late']);
  });

  it('may be acknowledged in a handler of the application: it hears of a message that is done with', async () => {
    const heard: string[] = [];
    await create(guarded(heard));
    const broker = connectLoopback();
    await start();
    await broker.deliver('alpha.workflow', message('w1', greet('you')));
    await until(() => heard.length > 1);
    await app.close();
    await broker.deliver('alpha.workflow', message('w2', greet('others')));
    await clock.advance(0);
    expect(heard).toEqual(['hello you', 'w1']);
  });

  it('may take no handlers', async () => {
    await create(greeter());
    const strategy = { listen: (listening: () => void) => { listening(); }, close: () => undefined }; // prettier-ignore
    app.connectMicroservice({ strategy });
    await start();
    expect(await alpha().run(book([greet('you')]))).toMatchObject({ output: 'hello you' });
  });
});

describe('a payload', () => {
  const text = JSON.stringify(message('w', greet('you')));
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const deliver = async (payload: unknown): Promise<void> => {
    await create(greeter());
    const broker = connectLoopback();
    await start();
    await broker.deliver('alpha.workflow', payload);
  };

  it.each<[string, unknown]>([
    ['text', text],
    ['bytes', Buffer.from(text)],
    ['a part of other bytes', Buffer.from(`..${text}..`).subarray(2, -2)],
    ['an object', JSON.parse(text)],
  ])('is read as %s', async (_, payload) => {
    await deliver(payload);
    expect(await alpha().status('w')).toMatchObject({ status: 'completed', output: 'hello you' });
  });

  it.each<[string, unknown, string]>([
    ['text that is no JSON', 'no JSON', 'no JSON'],
    ['bytes that are none', Buffer.from('no JSON'), 'no JSON'],
    ['JSON that was encoded twice', JSON.stringify(text), JSON.stringify(text)],
    ['a list', [1], '[1]'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 7, '7'],
    ['an object that is no message', { workflow_id: 'w' }, '{"workflow_id":"w"}'],
    ['an object that contains itself', circular, '<ref *1> { self: [Circular *1] }'],
    ['an object with a bigint', { workflow_id: 'w', n: 1n }, "{ workflow_id: 'w', n: 1n }"],
  ])('that cannot be read ends on workflow.failed: %s', async (_, payload, raw) => {
    await deliver(payload);
    expect(sentTo('workflow.failed')).toEqual([
      expect.objectContaining({ raw, error: expect.objectContaining({ code: 'MESSAGE_INVALID' }) }),
    ]);
  });
});

describe('while the application closes', () => {
  const ways: [string, (broker: LoopbackBroker, payload: object) => Promise<unknown>][] = [
    ['by a server', (broker, payload) => broker.deliver('alpha.workflow', payload)],
    ['by hand', (_, payload) => alpha().processWorkflowMessage(payload).catch(String)],
  ];

  it.each(ways)('a hop whose message came %s is awaited, and none is begun', async (_, bring) => {
    const [began, work] = [deferred(), deferred()];
    let calls = 0;
    const slow = async (): Promise<string> => {
      calls += 1;
      began.resolve();
      await work.promise;
      return 'done';
    };
    await create({ imports: [serviceOf('alpha', { mutates: { slow } })] });
    const broker = connectLoopback();
    await start();
    const brought = bring(broker, message('w1', call('alpha', 'slow')));
    await began.promise;
    let closed = false;
    const closing = app.close().then(() => (closed = true));
    await clock.advance(1_000);
    await bring(broker, message('w2', call('alpha', 'slow')));
    expect({ calls, closed }).toEqual({ calls: 1, closed: false });
    work.resolve();
    await Promise.all([closing, brought]);
    expect(sentTo('workflow.completed')).toEqual([expect.objectContaining({ workflow_id: 'w1', api_output: 'done' })]);
    expect({ calls, timers: clock.pending }).toEqual({ calls: 1, timers: 0 });
  });

  it.each(ways)('a message that came %s is put back when its hop outlasts the grace', async (_, bring) => {
    const began = deferred();
    const hang = (): Promise<never> => {
      began.resolve();
      return new Promise(() => undefined);
    };
    await create({ imports: [serviceOf('alpha', { mutates: { hang } }, { shutdownGrace: '5s' })] });
    const broker = connectLoopback();
    await start();
    const brought = bring(broker, message('w', call('alpha', 'hang')));
    await began.promise;
    const closing = app.close();
    await clock.advance(4_999);
    expect(sent).toEqual([]);
    await clock.advance(1);
    await Promise.all([closing, brought]);
    expect(sent).toEqual([expect.objectContaining({ destination: 'alpha.workflow', messageId: 'w-1' })]);
  });

  it('what a server still brings is only told of, without its body; the server hears of no error', async () => {
    const greeted: string[] = [];
    await create(greeter(greeted));
    const broker = connectLoopback();
    await start();
    await app.close();
    await broker.deliver('alpha.workflow', message('w', greet('secret')));
    expect(greeted).toEqual([]);
    expect(log.join('\n')).toContain('A message to "alpha.workflow" was not handled: ');
    expect(log.join('\n')).not.toContain('secret');
  });

  it('messages that came before it was up are let go', async () => {
    const greeted: string[] = [];
    await create(greeter(greeted));
    const delivered = connectLoopback().deliver('alpha.workflow', message('w', greet('early')));
    await app.close();
    await delivered;
    expect(greeted).toEqual([]);
  });
});
