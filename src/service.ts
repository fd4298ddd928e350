import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CatalogModule } from './catalog/catalog.module.js';
import { stageOf } from './demo/stage.js';
import { InvoicingModule } from './invoicing/invoicing.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { PaymentsModule } from './payments/payments.module.js';
import { RunsModule } from './runs/runs.module.js';
import type { Told } from './demo-rabbitmq/told.js';
import { VALIDATION } from './validation.js';

const MODULES = {
  catalog: CatalogModule,
  orders: OrdersModule,
  payments: PaymentsModule,
  invoicing: InvoicingModule,
  notifications: NotificationsModule,
  runs: RunsModule,
};

/** Whoever started this process wants to hear what happens in it: then the log need not tell it too. */
const isWatched = process.send !== undefined;

/** One service of the shop in a process of its own: it works for runs, and answers HTTP on `PORT` or any port that is free. */
async function serve(name: string): Promise<void> {
  if (!Object.hasOwn(MODULES, name) || process.env['SHOP_DATA'] === undefined) {
    throw new Error(
      `node dist/src/service.js <service> starts one of ${Object.keys(MODULES).join(', ')} (got "${name}"), with its data in ` +
        'SHOP_DATA, and AMQP_URL and REDIS_URL to meet the others.',
    );
  }
  @Module({ imports: [MODULES[name as keyof typeof MODULES]], providers: [VALIDATION] })
  class ServiceModule {}
  const app = await NestFactory.create(ServiceModule, {
    logger: isWatched ? ['error', 'fatal'] : ['log', 'warn', 'error', 'fatal'],
  });
  app.enableShutdownHooks();
  stageOf(app, name).events$.subscribe((event) => {
    tell({ kind: 'event', event });
  });
  await app.listen(process.env['PORT'] ?? 0, '127.0.0.1');
  tell({ kind: 'ready', url: await app.getUrl() });
  new Logger(name).log(await app.getUrl());
}

/** Tells whoever started this process, if anybody wants to hear it. */
function tell(told: Told): void {
  if (process.connected) process.send?.(told);
}

// Whoever started it is gone, however that came.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
await serve(process.argv[2] ?? '');
