import 'reflect-metadata';
import { ConsoleLogger, type LogLevel, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SERVICES } from './runs.js';
import { chaosService } from './services.js';
import { settingOf } from './settings.js';

const setting = settingOf();

@Module({ imports: (setting.services ?? SERVICES).map((service) => chaosService(service, setting)) })
class WorkerModule {}

/** Tells whoever started this process what is logged, and writes errors. */
class ToldLogger extends ConsoleLogger {
  protected override printMessages(messages: unknown[], context?: string, level?: LogLevel): void {
    process.send?.({ line: messages.map(String).join(' ') }, undefined, undefined, () => undefined); // nobody may be there
    if (level === 'error') super.printMessages(messages, context, level);
  }
}

const app = await NestFactory.createApplicationContext(WorkerModule, {
  logger: new ToldLogger({ logLevels: ['error', 'warn'] }),
});
app.enableShutdownHooks();
process.once('disconnect', () => process.exit()); // whoever started it is gone
process.send?.('ready');
