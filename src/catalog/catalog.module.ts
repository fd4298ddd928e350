import { Module } from '@nestjs/common';
import { OrchestratorModule } from 'nest-orchestrator';
import { SHARED } from '../orchestration.js';
import { CatalogController } from './catalog.controller.js';
import { CatalogService } from './catalog.service.js';
import { StockModule } from './stock.module.js';

@Module({
  imports: [StockModule, OrchestratorModule.forRoot({ service: 'catalog', ...SHARED })],
  controllers: [CatalogController],
  providers: [CatalogService],
})
export class CatalogModule {}
