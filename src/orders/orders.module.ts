import { Module } from '@nestjs/common';
import { OrchestratorModule } from 'nest-orchestrator';
import { CatalogModule } from '../catalog/catalog.module.js';
import { SHARED } from '../orchestration.js';
import { DeliveryService } from './delivery.service.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';

@Module({
  imports: [CatalogModule, OrchestratorModule.forRoot({ service: 'orders', ...SHARED })],
  controllers: [OrdersController],
  providers: [DeliveryService, OrdersService],
})
export class OrdersModule {}
