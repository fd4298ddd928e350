import type { SecureContextOptions } from 'node:tls';
import { IsArray, IsBoolean, IsIn, IsInt, IsObject, IsOptional, Max, Min, ValidateBy } from 'class-validator';
import { validateSync } from 'class-validator';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { describe } from '../../utils/describe.js';
import { type Duration, toMilliseconds } from '../../utils/duration.js';
import { IsDuration } from '../../utils/is-duration.js';
import { isRecord } from '../../utils/is-record.js';

/** What {@link rabbitmq} takes. */
export interface RabbitOptions {
  /** `amqp://user:password@host:5672/vhost`, or `amqps://…`; of several the next one is tried when one cannot be reached. */
  readonly urls: string | readonly string[];
  /** Messages that a process of the service handles at once. Default 10. */
  readonly prefetch?: number;
  /**
   * What is done about exchanges and queues. `'assert'` (default): those that are missing are declared. `'check'`: they must be
   * there. `'none'`: nothing is asked, so that the user needs no right to configure.
   */
  readonly declare?: DeclareMode;
  /** Whether messages of completed runs are kept on the queue `workflow.completed`, for 7 days. Default `false`. */
  readonly keepCompleted?: boolean;
  /** How long a confirm is waited for before the message is sent again. Default `'10s'`. */
  readonly confirmTimeout?: Duration;
  /** How often both sides show that they are there. Default `'5s'`. */
  readonly heartbeat?: Duration;
  /** Certificates of an `amqps` connection, as `tls.createSecureContext` takes them. */
  readonly tls?: SecureContextOptions;
}

/** Whether missing exchanges and queues are declared, only checked, or not asked for. */
export type DeclareMode = 'assert' | 'check' | 'none';

/** The options with every default filled in, durations in milliseconds. */
export interface RabbitSettings {
  readonly urls: readonly string[];
  readonly prefetch: number;
  readonly declare: DeclareMode;
  readonly keepCompleted: boolean;
  readonly confirmTimeout: number;
  readonly heartbeat: number;
  readonly tls: SecureContextOptions;
}

/** @throws ConfigurationError naming every option that is wrong, what was got, and what it must be */
export function rabbitSettingsOf(options: RabbitOptions): RabbitSettings {
  if (!isRecord(options)) throw new ConfigurationError(`rabbitmq: the options must be an object, such as { urls: 'amqp://localhost' } (got ${describe(options)}).`); // prettier-ignore
  const urls = typeof options.urls === 'string' ? [options.urls] : options.urls;
  const checked = Object.assign(new Checks(), options, { urls });
  const problems = validateSync(checked, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
  if (problems.length > 0) {
    const lines = problems.flatMap(({ property, value, constraints = {} }) =>
      Object.entries(constraints).map(([rule, message]) =>
        rule === 'whitelistValidation'
          ? // It may be a url by another name, which holds a password: what was got is not told.
            `rabbitmq: unknown option "${property}".`
          : `rabbitmq: ${property} ${message.replace(new RegExp(`^${property} `), '')}${property === 'urls' ? '' : ` (got ${describe(value)})`}.`,
      ),
    );
    throw new ConfigurationError(lines.join('\n'));
  }
  return {
    urls,
    prefetch: options.prefetch ?? 10,
    declare: options.declare ?? 'assert',
    keepCompleted: options.keepCompleted ?? false,
    confirmTimeout: ms(options.confirmTimeout, '10s'),
    heartbeat: ms(options.heartbeat, '5s'),
    tls: options.tls ?? {},
  };
}

/** Validated before; the default is one by construction. */
const ms = (given: Duration | undefined, otherwise: Duration): number => toMilliseconds(given ?? otherwise) ?? 0;

function isAmqpUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  return ['amqp:', 'amqps:'].includes(new URL(value).protocol);
}

class Checks {
  @IsArray({ message: 'must be an amqp:// or amqps:// URL, or several' })
  @ValidateBy({
    name: 'urls',
    validator: {
      validate: (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isAmqpUrl),
      defaultMessage: () => "must be an amqp:// or amqps:// URL such as 'amqp://localhost', or several",
    },
  })
  urls: unknown;
  @IsOptional() @IsInt() @Min(1) @Max(65_535) prefetch?: number;
  @IsOptional() @IsIn(['assert', 'check', 'none']) declare?: unknown;
  @IsOptional() @IsBoolean() keepCompleted?: unknown;
  @IsOptional() @IsDuration({ positive: true }) confirmTimeout?: Duration;
  @IsOptional() @IsDuration() heartbeat?: Duration;
  @IsOptional() @IsObject() tls?: unknown;
}
