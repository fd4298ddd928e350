import { Module } from '@nestjs/common';
import { OrchestratorModule } from 'nest-orchestrator';
import { SHARED } from '../orchestration.js';
import { AuditTrail } from './audit.interceptor.js';
import { PaymentGateway } from './payment.gateway.js';
import { PaymentsController } from './payments.controller.js';
import { PaymentsService } from './payments.service.js';

@Module({
  imports: [OrchestratorModule.forRoot({ service: 'payments', ...SHARED })],
  controllers: [PaymentsController],
  providers: [PaymentsService, PaymentGateway, AuditTrail],
})
export class PaymentsModule {}
