import {
  Body,
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  Param,
} from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { from, mergeMap, type Observable } from 'rxjs';
import { Caller, Mutates, Operation, Reads } from '../../../libs/orchestrator/src/index.js';
import { Everywhere } from '../everywhere.js';
import type { Versions } from './history.js';
import { World } from './world.js';

export const TENANTS = ['acme', 'zeta'];
export const IDS = ['A', 'B', 'C'];
export const cellOf = (tenant: unknown, id: string): string => `${String(tenant)} ${id}`;
const CELLS = TENANTS.flatMap((tenant) => IDS.map((id) => cellOf(tenant, id)));

/** Spells an id as everybody does, and takes its time. */
@Injectable()
export class Spelling implements PipeTransform {
  constructor(private readonly world: World) {}

  transform(id: string): Promise<string> {
    return this.world.stage.step('pipes the id', () => id.trim().toUpperCase());
  }
}

/** Loads the versions of an item before its handler starts. */
@Injectable()
export class Loading implements PipeTransform {
  constructor(private readonly world: World) {}

  async transform({ id, tenant }: ItemInput): Promise<Loaded> {
    const spelt = id.trim().toUpperCase();
    return { id: spelt, versions: await this.world.database.read(cellOf(tenant, spelt)) };
  }
}

export interface ItemInput {
  readonly id: string;
  readonly tenant: string;
}

interface Loaded {
  readonly id: string;
  readonly versions: Versions;
}

/** What an interceptor commits once the handler is done. */
export class Staged {
  constructor(readonly commit: () => Promise<object>) {}
}

/** Commits what a handler has staged. */
export class Transaction implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(mergeMap((value: unknown) => (value instanceof Staged ? from(value.commit()) : [value])));
  }
}

/** Items of tenants. What is read of one is its version. */
@Controller()
export class ItemsController {
  constructor(private readonly world: World) {}

  @Everywhere('get')
  @Reads('item', { id: 'id' })
  get(@Body('id', Spelling) id: string, @Caller() { tenantId }: Caller): Promise<Versions> {
    return this.world.database.read(cellOf(tenantId, id));
  }

  @Everywhere('load')
  @Reads('item', { id: 'id' })
  load(@Body(Loading) { versions }: Loaded): Promise<Versions> {
    return this.world.stage.step('answers', () => versions);
  }

  @Get('items/:id')
  @Operation('peek')
  @Reads('item', { id: 'id' })
  peek(@Param('id', Spelling) id: string, @Caller() { tenantId }: Caller): Promise<Versions> {
    return this.world.database.read(cellOf(tenantId, id));
  }

  @Everywhere('list')
  @Reads('item')
  list(@Caller() { tenantId }: Caller): Promise<Versions> {
    return this.world.database.read(...IDS.map((id) => cellOf(tenantId, id)));
  }

  @Everywhere('report', { cache: { vary: 'none' } })
  @Reads('item')
  report(): Promise<Versions> {
    return this.world.database.read(...CELLS);
  }

  /** @param tenant whose item it is, whoever changes it */
  @Everywhere('set')
  @Mutates('item', { id: 'id' })
  async set(
    @Body('id', Spelling) id: string,
    @Body('of') tenant: string,
    @Body('mutation') mutation: number,
    @Body('staged') staged: boolean,
  ): Promise<object> {
    const commit = async (): Promise<object> => ({
      version: await this.world.database.commit(mutation, cellOf(tenant, id)),
    });
    return staged ? this.world.stage.step('stages', () => new Staged(commit)) : commit();
  }
}
