import type { Play } from './explorer.js';
import { type Versions, violationsOf } from './history.js';
import type { Stage } from './stage.js';
import { type Protocol, type Question, World } from './world.js';

/** Who acts in a play, and what may go wrong in it. */
export interface Cast<P extends Protocol = Protocol> {
  readonly protocol: (world: World) => P;
  /** What each reader asks for, one after the other. */
  readonly readers: readonly (readonly Question[])[];
  /** What each mutator changes, one after the other. */
  readonly mutators: readonly (readonly string[])[];
  /** What may happen at any moment, once each, by its name. */
  readonly accidents?: Readonly<Record<string, (protocol: P, world: World) => void>>;
  /**
   * The process of the first mutator may crash. What it has not acknowledged is delivered again, to another: this is how that
   * one replays an outcome that is recorded.
   */
  readonly crash?: (protocol: P, cell: string) => Promise<void>;
}

/** All of them act as soon as their turn comes; nothing has happened before. */
export function playOf<P extends Protocol>({
  protocol: make,
  readers,
  mutators,
  accidents = {},
  crash,
}: Cast<P>): Play {
  return (stage) => {
    const world = new World(stage);
    const protocol = make(world);
    const seen: Record<string, Versions[]> = {};
    readers.forEach((questions, at) => {
      const answers: Versions[] = (seen[`reader ${at + 1}`] = []);
      enterEach(stage, `reader ${at + 1}`, 'begins to read', questions, async (question) => {
        answers.push(await observe(world, protocol, question));
      });
    });
    mutators.forEach((cells, at) => {
      const actor = `mutator ${at + 1}`;
      enterEach(stage, actor, 'begins to mutate', cells, (cell) => {
        const delivery = new Delivery(world, protocol, cell);
        const replay = at === 0 ? crash : undefined;
        if (replay !== undefined) {
          stage.enter(
            'a crash',
            'happens',
            () => {
              delivery.crash(actor, replay);
            },
            { optional: true },
          );
        }
        return delivery.handle();
      });
    });
    for (const [name, happen] of Object.entries(accidents)) {
      stage.enter(
        name,
        'happens',
        () => {
          happen(protocol, world);
        },
        { optional: true },
      );
    }
    return () => ({ violations: violationsOf(world.history.events), outcome: JSON.stringify([seen, protocol.told]) });
  };
}

/** Reads, and records what was seen. The read begins with the step at hand. */
export async function observe({ stage, history }: World, protocol: Protocol, question: Question): Promise<Versions> {
  stage.reads('acknowledgements');
  const read = history.readBegins();
  const saw = await protocol.read(question);
  history.readEnds(read, saw);
  return saw;
}

/** A message that asks for a mutation, until it is acknowledged. */
export class Delivery<P extends Protocol> {
  private readonly mutation: number;
  private state: 'delivered' | 'recorded' | 'acknowledged' = 'delivered';

  constructor(
    private readonly world: World,
    private readonly protocol: P,
    private readonly cell: string,
  ) {
    this.mutation = world.history.mutationBegins();
  }

  async handle(): Promise<void> {
    const { stage } = this.world;
    await this.protocol.mutate(this.cell, this.mutation);
    await stage.step('records', () => {
      this.state = 'recorded';
    });
    await this.acknowledge();
  }

  crash(actor: string, replay: (protocol: P, cell: string) => Promise<void>): void {
    const { stage } = this.world;
    stage.kill(actor);
    if (this.state === 'acknowledged') return;
    stage.enter('the redelivery', `comes, ${this.state}`, async () => {
      if (this.state === 'delivered') await this.handle();
      else await replay(this.protocol, this.cell).then(() => this.acknowledge());
    });
  }

  private acknowledge(): Promise<void> {
    const { stage, history } = this.world;
    return stage.step('is acknowledged', () => {
      stage.writes('acknowledgements');
      this.state = 'acknowledged';
      history.acknowledged(this.mutation);
    });
  }
}

function enterEach<T>(
  stage: Stage,
  actor: string,
  what: string,
  items: readonly T[],
  act: (item: T) => Promise<void>,
): void {
  const [first, ...rest] = items;
  if (first === undefined) return;
  stage.enter(actor, what, async () => {
    await act(first);
    for (const item of rest) await stage.step(what, () => act(item));
  });
}
