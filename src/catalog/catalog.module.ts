import { Module } from '@nestjs/common';
import { OrchestratorModule } from 'nest-orchestrator';
import { SHARED } from '../orchestration.js';
import { CatalogController } from './catalog.controller.js';
import { CatalogService } from './catalog.service.js';
import { Stock } from './stock.js';

@Module({
  imports: [OrchestratorModule.forRoot({ service: 'catalog', ...SHARED })],
  controllers: [CatalogController],
  providers: [CatalogService, Stock],
  exports: [Stock],
})
export class CatalogModule {}
