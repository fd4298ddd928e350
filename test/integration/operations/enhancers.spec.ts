import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  ConflictException,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  UseFilters,
  UseGuards,
  UseInterceptors,
  ValidationPipe,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { IsEmail } from 'class-validator';
import { map, type Observable } from 'rxjs';
import { Caller } from '../../../libs/orchestrator/src/decorators/caller.decorator.js';
import { Operation } from '../../../libs/orchestrator/src/decorators/operation.decorator.js';
import type { OperationContext } from '../../../libs/orchestrator/src/operations/operation.js';
import { bootOperations, type OperationsApp } from '../../support/operations.js';

class WelcomeDto {
  @IsEmail() email!: string;
}

@Injectable()
class TenantGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType<string>() !== 'orchestrator') return false;
    const { caller } = context.switchToRpc().getContext<OperationContext>();
    return caller.tenantId === 'acme' && context.switchToRpc().getData<WelcomeDto>().email !== 'stranger@example.org';
  }
}

/** As in most applications: it knows HTTP only. */
@Injectable()
class SessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ session?: object }>().session !== undefined;
  }
}

@Injectable()
class OutageGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getData<WelcomeDto>().email !== 'outage@example.org';
  }
}

@Injectable()
class EnvelopeInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((sent: unknown) => ({ sent })));
  }
}

@Injectable()
class LowerCasePipe implements PipeTransform {
  transform({ email }: WelcomeDto): WelcomeDto {
    return { email: email.toLowerCase() };
  }
}

class MailboxFull extends Error {}

@Catch(MailboxFull)
class MailboxFilter implements ExceptionFilter {
  catch(error: MailboxFull): never {
    throw new ConflictException(`translated: ${error.message}`);
  }
}

@Controller()
@UseGuards(TenantGuard)
@UseInterceptors(EnvelopeInterceptor)
@UseFilters(MailboxFilter)
class WelcomeController {
  @Operation('welcome')
  welcome(@Payload(LowerCasePipe, ValidationPipe) input: WelcomeDto, @Caller() caller: Caller | undefined): string {
    if (input.email === 'full@example.org') throw new MailboxFull('no space');
    return `${input.email} of ${String(caller?.tenantId)}`;
  }

  @Operation('welcome a session')
  @UseGuards(SessionGuard)
  session(): string {
    return 'unreachable';
  }
}

describe('what an application puts around a handler acts on a step', () => {
  let booted: OperationsApp;

  beforeEach(async () => {
    booted = await bootOperations({
      controllers: [WelcomeController],
      providers: [{ provide: APP_GUARD, useClass: OutageGuard }],
    });
  });

  afterEach(() => booted.app.close());

  it('lets through what every one of them accepts: the pipe changes the input, the interceptor the output', async () => {
    expect(await booted.run('welcome', { email: 'ADA@example.org' })).toEqual({ sent: 'ada@example.org of acme' });
  });

  it('refuses what the guard of the controller refuses', async () => {
    await expect(booted.run('welcome', { email: 'stranger@example.org' })).rejects.toThrow('Forbidden resource');
  });

  it('refuses what a global guard refuses', async () => {
    await expect(booted.run('welcome', { email: 'outage@example.org' })).rejects.toThrow('Forbidden resource');
  });

  it('refuses an input that its DTO does not allow', async () => {
    await expect(booted.run('welcome', { email: 'ADA' })).rejects.toThrow(BadRequestException);
  });

  it('ends with the error that a filter made of the handler’s', async () => {
    await expect(booted.run('welcome', { email: 'full@example.org' })).rejects.toThrow('translated: no space');
  });

  it('refuses a guard that asks for the HTTP request, and says what to do, even if the input looks like one', async () => {
    await expect(booted.run('welcome a session', { session: {} })).rejects.toThrow(
      'WelcomeController.session runs as operation "welcome a session" of a workflow: there is no HTTP request. Guards, ' +
        "interceptors, filters and decorators must ask context.getType() first; for 'orchestrator', " +
        'switchToRpc().getData() is the input',
    );
  });
});

describe('@Caller()', () => {
  @Controller('who')
  class WhoController {
    @Get()
    @Operation('who')
    @MessagePattern('who')
    who(@Caller() caller: Caller | undefined): unknown {
      return { caller: caller ?? 'nobody said' };
    }
  }

  let booted: OperationsApp;

  beforeEach(async () => {
    booted = await bootOperations({ controllers: [WhoController] });
  });

  afterEach(() => booted.app.close());

  it('is the caller of the run in a step, and nobody where no run is', async () => {
    const { app, rpc, run } = booted;
    await app.listen(0);
    const overHttp = await fetch(`${await app.getUrl()}/who?tenantId=forged`);
    expect(await run('who', { tenantId: 'forged' })).toEqual({ caller: { tenantId: 'acme' } });
    expect(await rpc.call('who', { tenantId: 'forged' })).toEqual({ caller: 'nobody said' });
    expect(await overHttp.json()).toEqual({ caller: 'nobody said' });
  });
});
