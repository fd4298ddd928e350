import { Module } from '@nestjs/common';
import { OrchestratorModule } from 'nest-orchestrator';
import { StockModule } from '../catalog/stock.module.js';
import { SHARED } from '../orchestration.js';
import { DeliveryService } from './delivery.service.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';

@Module({
  imports: [StockModule, OrchestratorModule.forRoot({ service: 'orders', ...SHARED })],
  controllers: [OrdersController],
  providers: [DeliveryService, OrdersService],
})
export class OrdersModule {}
