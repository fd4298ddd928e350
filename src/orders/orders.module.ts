import { Module } from '@nestjs/common';
import { OrchestratorModule } from 'nest-orchestrator';
import { SHARED } from '../orchestration.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';

@Module({
  imports: [OrchestratorModule.forRoot({ service: 'orders', ...SHARED })],
  controllers: [OrdersController],
  providers: [OrdersService],
})
export class OrdersModule {}
