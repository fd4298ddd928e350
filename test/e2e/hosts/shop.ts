/**
 * An application with caches as users write it: prices in a database, with a transaction around every handler, and two more
 * services whose answers lie elsewhere. `cached.ts` tells what it does.
 */
import 'reflect-metadata';
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import {
  Body,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  type NestInterceptor,
  Param,
  Put,
  type RpcExceptionFilter,
  UseFilters,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Transform } from 'class-transformer';
import { IsInt, Length } from 'class-validator';
import { Keyv } from 'keyv';
import {
  Caller,
  Mutates,
  Operation,
  type OperationContext,
  OrchestratorModule,
  Reads,
  UncoveredMutationError,
} from 'nest-orchestrator';
import { concatMap, type Observable, throwError } from 'rxjs';

class PriceDto {
  /** ` tea ` is `TEA`: what a mutation purges is named by what the pipe makes of it. */
  @Transform(({ value }) => (typeof value === 'string' ? value.trim().toUpperCase() : (value as unknown)))
  @Length(3, 8)
  sku!: string;
}

export class SetPriceDto extends PriceDto {
  @IsInt() cents!: number;
}

/** What a handler writes is there for others once its transaction commits. */
@Injectable()
export class Database {
  /** Reads that were executed, not answered from a cache. */
  reads = 0;
  writes = 0;
  /** What goes on elsewhere between a write and its commit. */
  meanwhile = (): Promise<unknown> => Promise.resolve();
  private readonly prices = new Map<string, number>();
  private written: SetPriceDto | undefined;

  read(sku: string): number {
    this.reads += 1;
    return this.prices.get(sku) ?? 100;
  }

  write(row: SetPriceDto): string {
    this.writes += 1;
    this.written = row;
    return row.sku;
  }

  async commit(): Promise<void> {
    const { written } = this;
    if (written === undefined) return;
    this.written = undefined;
    await this.meanwhile();
    this.prices.set(written.sku, written.cents);
  }
}

@Injectable()
class Transaction implements NestInterceptor {
  constructor(private readonly database: Database) {}

  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      concatMap(async (answer: unknown) => {
        await this.database.commit();
        return answer;
      }),
    );
  }
}

const callerOf = (context: ExecutionContext): Caller | undefined => {
  if (context.getType() !== 'http') return undefined;
  const { headers } = context.switchToHttp().getRequest<{ headers: Readonly<Record<string, string>> }>();
  return { tenantId: headers['x-tenant'], personId: headers['x-person'] };
};

@Injectable()
class StaffGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const step = (): Caller | undefined => context.switchToRpc().getContext<Partial<OperationContext>>().caller;
    const caller = context.getType() === 'http' ? callerOf(context) : step();
    return caller?.personId !== 'mallory';
  }
}

@Catch(UncoveredMutationError)
class UncoveredFilter implements RpcExceptionFilter<UncoveredMutationError> {
  catch({ code }: UncoveredMutationError): Observable<never> {
    return throwError(() => ({ code }));
  }
}

@Controller('prices')
@UseGuards(StaffGuard)
class PriceController {
  constructor(private readonly database: Database) {}

  @Get(':sku')
  @Operation('price', { cache: { vary: 'tenant' } })
  @Reads<PriceDto>('price', { id: 'sku' })
  price(@Param() { sku }: PriceDto): number {
    return this.database.read(sku);
  }

  @Put()
  @Operation('set-price')
  @Mutates<SetPriceDto>('price', { id: 'sku' })
  set(@Body() row: SetPriceDto): string {
    return this.database.write(row);
  }

  @MessagePattern('price-changed')
  @Mutates<SetPriceDto>('price', { id: 'sku' })
  @UseFilters(UncoveredFilter)
  changed(@Payload() row: SetPriceDto): string {
    return this.database.write(row);
  }
}

/** How often an answer was made that a cache was to keep. */
class Counting {
  private count = 0;

  @Operation('count')
  @Reads('count')
  read(@Payload() _: object, @Caller() __: Caller | undefined): number {
    return this.count++;
  }

  @Operation('recount')
  @Mutates('count')
  recount(): null {
    return null;
  }
}

@Controller()
class SharedController extends Counting {}

@Controller()
class KeyvController extends Counting {}

@Module({
  imports: [OrchestratorModule.forRoot({ service: 'shop', caller: callerOf })],
  controllers: [PriceController],
  providers: [Database],
  exports: [Database],
})
class ShopModule {}

/** Its answers lie in the application's own cache. */
@Module({
  imports: [OrchestratorModule.forRoot({ service: 'shared', cache: { useExisting: CACHE_MANAGER } })],
  controllers: [SharedController],
})
class SharedModule {}

/** Its answers lie in a store of its own. */
@Module({
  imports: [OrchestratorModule.forRoot({ service: 'keyv', cache: { stores: [new Keyv()] } })],
  controllers: [KeyvController],
})
class KeyvModule {}

@Module({
  imports: [ShopModule, SharedModule, KeyvModule, CacheModule.register()],
  providers: [
    { provide: APP_INTERCEPTOR, useClass: Transaction },
    { provide: APP_PIPE, useValue: new ValidationPipe({ transform: true }) },
  ],
})
export class AppModule {}
