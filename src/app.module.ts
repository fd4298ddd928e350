import { Module } from '@nestjs/common';
import { CatalogModule } from './catalog/catalog.module.js';
import { InvoicingModule } from './invoicing/invoicing.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { PaymentsModule } from './payments/payments.module.js';
import { RunsModule } from './runs/runs.module.js';
import { VALIDATION } from './validation.js';

/**
 * A shop, order to cash. Each module is a service of its own: here they share a process; `service.ts` gives each
 * one of its own.
 */
@Module({
  imports: [CatalogModule, OrdersModule, PaymentsModule, InvoicingModule, NotificationsModule, RunsModule],
  providers: [VALIDATION],
})
export class AppModule {}
