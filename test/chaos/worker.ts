import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SERVICES } from './runs.js';
import { chaosService } from './services.js';
import { settingOf } from './settings.js';

const setting = settingOf();

@Module({ imports: SERVICES.map((service) => chaosService(service, setting)) })
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ['error'] });
app.enableShutdownHooks();
process.once('disconnect', () => process.exit()); // whoever started it is gone
process.send?.('ready');
