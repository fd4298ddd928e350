/** An application as users write it; the test runs it, compiled, in plain Node: once as an ES module, once as CommonJS. */
import 'reflect-metadata';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Injectable,
  Module,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { APP_PIPE, NestFactory } from '@nestjs/core';
import { ClientProxyFactory, Payload, Transport } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import { Caller, Operation, OrchestratorModule, WorkflowFailedError, WorkflowOrchestrator } from 'nest-orchestrator';

class PriceDto {
  @IsInt() quantity!: number;
}

@Injectable()
class TenantGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getContext<{ caller: Caller }>().caller.tenantId === 'acme';
  }
}

@Controller()
@UseGuards(TenantGuard)
class PriceController {
  @Operation('price')
  price(@Payload() { quantity }: PriceDto): number {
    return quantity * 25;
  }

  @Operation('as in HTTP')
  @UseGuards({
    canActivate: (context: ExecutionContext) => context.switchToHttp().getRequest<{ user: boolean }>().user,
  })
  asInHttp(): string {
    return 'unreachable';
  }
}

@Module({
  imports: [OrchestratorModule.forRoot({ service: 'shop' })],
  controllers: [PriceController],
  providers: [{ provide: APP_PIPE, useValue: new ValidationPipe({ transform: true }) }],
})
class ShopModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(ShopModule, { logger: false });
  const tcp = { host: '127.0.0.1', port: 0 };
  const server = app.connectMicroservice({ transport: Transport.TCP, options: tcp }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const orchestrator = app.get(WorkflowOrchestrator);
  const attempt = async (operation: string, input: unknown, tenantId: string): Promise<void> => {
    const steps = [{ step_id: 's1', type: 'task', service: 'shop', operation, input }];
    try {
      const { output } = await orchestrator.run({ version: '2.1.0', steps }, { tenantId });
      console.log('completed', output);
    } catch (error) {
      const { code, status } =
        error instanceof WorkflowFailedError ? error.failure : { code: String(error), status: null };
      console.log('failed', code, status);
    }
  };
  await attempt('price', { quantity: 3 }, 'acme');
  await attempt('price', { quantity: 3 }, 'umbrella');
  await attempt('price', { quantity: 'three' }, 'acme');
  await attempt('as in HTTP', { user: true }, 'acme');
  const { port } = server.unwrap<{ address(): { port: number } }>().address();
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { ...tcp, port } });
  const step = { step_id: 's1', type: 'task', service: 'shop', operation: 'price', input: { quantity: 4 } };
  const run = { workflow_id: 'w', correlation_id: 'w', tenant_id: 'acme' };
  client.emit('shop.workflow', { ...run, cookbook: { version: '2.1.0', steps: [step] }, current_step: 's1' });
  console.log('over TCP', (await orchestrator.result('w')).output);
  await client.close();
  await app.close();
}

void main();
