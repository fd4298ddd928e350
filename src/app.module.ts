import { Module, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { CatalogModule } from './catalog/catalog.module.js';
import { InvoicingModule } from './invoicing/invoicing.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { PaymentsModule } from './payments/payments.module.js';
import { RunsModule } from './runs/runs.module.js';

/**
 * A shop, order to cash. Each module is a service of its own: here they share a process, and over a broker each could
 * be an application, with another `transport` in its options.
 */
@Module({
  imports: [CatalogModule, OrdersModule, PaymentsModule, InvoicingModule, NotificationsModule, RunsModule],
  providers: [
    // For HTTP requests and for operations alike: what a step sends is checked as what a client sends.
    {
      provide: APP_PIPE,
      useValue: new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }),
    },
  ],
})
export class AppModule {}
