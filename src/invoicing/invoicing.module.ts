import { fileURLToPath } from 'node:url';
import { Module } from '@nestjs/common';
import { OrchestratorModule } from 'nest-orchestrator';
import { SHARED } from '../orchestration.js';
import { InvoicingController } from './invoicing.controller.js';
import { InvoicingService } from './invoicing.service.js';

const operations = fileURLToPath(new URL('./operations.json', import.meta.url));

@Module({
  imports: [OrchestratorModule.forRoot({ service: 'invoicing', operations, ...SHARED })],
  controllers: [InvoicingController],
  providers: [InvoicingService],
})
export class InvoicingModule {}
