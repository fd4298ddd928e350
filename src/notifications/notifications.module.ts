import { Module } from '@nestjs/common';
import { OrchestratorModule } from 'nest-orchestrator';
import { SHARED } from '../orchestration.js';
import { NotificationsController } from './notifications.controller.js';
import { OnDuty } from './on-duty.js';
import { Outbox } from './outbox.js';

@Module({
  imports: [OrchestratorModule.forRoot({ service: 'notifications', ...SHARED })],
  controllers: [NotificationsController],
  providers: [Outbox, OnDuty],
})
export class NotificationsModule {}
