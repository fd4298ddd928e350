import { beforeEach } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';

/** What the library logged in the test at work. */
export const logged: string[] = [];

/** Logs there. */
export class ListLogger extends ConsoleLogger {
  protected override printMessages(messages: unknown[]): void {
    logged.push(...messages.map(String));
  }
}

beforeEach(() => {
  logged.length = 0;
  Logger.overrideLogger(new ListLogger());
});
