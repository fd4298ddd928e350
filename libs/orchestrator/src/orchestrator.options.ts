import {
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  type ValidationArguments,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator';
import { type CacheOptions, type CacheSettings, DEFAULTS, type ResolveCaller } from './cache/cache.options.js';
import type { RetryPolicy } from './engine/plan.js';
import { ConfigurationError } from './errors/configuration.error.js';
import type { Deliver } from './execution/delivery-request.js';
import type { ErrorClassifier } from './execution/error-classifier.js';
import { DEFAULT_LIMITS, type Limits } from './message/limits.js';
import type { OperationsSource } from './operations/operations-file.js';
import type { Helpers, ReferenceMode } from './references/scope.js';
import type { StateDefinition } from './state/state.store.js';
import type { TransportDefinition } from './transports/workflow.transport.js';
import { describe } from './utils/describe.js';
import { type Duration, toMilliseconds } from './utils/duration.js';
import { IsDuration } from './utils/is-duration.js';
import { isRecord } from './utils/is-record.js';
import { suggestion } from './utils/nearest.js';
import { SHORT_NAME } from './utils/short-name.js';

/** What `OrchestratorModule.forRoot()` takes beside `service`. Everything has a default. */
export interface OrchestratorModuleOptions {
  /** How workflow messages travel. Default: in memory, within this process; the log says so. */
  readonly transport?: TransportDefinition;
  /** What the operations of this service do: an `operations.json` (relative to the working directory), a map, or a lookup function. Merged with the decorators. */
  readonly operations?: OperationsSource;
  /** A folder of cookbooks (`*.json`, relative to the working directory), or the documents themselves. */
  readonly cookbooks?: string | readonly unknown[];
  /**
   * Where run records are kept. Default: in memory, shared by the services of this process. `false`: nowhere; then a message
   * that comes twice executes twice.
   */
  readonly state?: StateDefinition | false;
  /** How answers of reads are cached. Default: in memory, for 5 minutes at most. `false`: nothing is cached, and nothing purged. */
  readonly cache?: CacheOptions | false;
  /**
   * Says for whom an HTTP or RPC call of an operation acts: `@Caller()` and the step cache ask. Without it reads are cached in
   * steps only, and a mutation purges for every tenant.
   */
  readonly caller?: ResolveCaller;
  /** Attempts of a step that fails in a way worth repeating. */
  readonly retry?: RetryOptions;
  /** Bounds; see {@link Limits} for each and its default. */
  readonly limits?: Partial<Omit<Limits, 'lifetime'>> & { readonly lifetime?: Duration };
  /** Functions that templates may call: `{{money(api_input.total)}}`. Pure; asynchronous ones in a task's input only. */
  readonly helpers?: Helpers;
  /** How references resolve in the runs this service starts. Default `strict`. */
  readonly references?: ReferenceMode;
  /** How long a handler may take where its step has no `timeout_ms`. Default `'30s'`. */
  readonly timeout?: Duration;
  /** Prefix of idempotency keys and stored keys: one per installation that shares a broker or store. Default `'orchestrator'`. */
  readonly namespace?: string;
  /** Says what kind of error something is, before the library's own rules; `undefined` leaves it to them. */
  readonly classifyError?: ErrorClassifier;
  /**
   * Delivers what runs have come to whose cookbook names a `delivery.on_result`. Given to one service of the application: it
   * delivers for all of them.
   */
  readonly deliver?: Deliver;
  /** For how long a service that cannot be reached is tried again. Not in memory, where no other process can appear. Default `'10m'`. */
  readonly unroutable?: { readonly retryFor?: Duration };
  /** How long `app.close()` waits for steps at work before it tells them to stop. Default `'15s'`. */
  readonly shutdownGrace?: Duration;
}

/** How often a failed step is tried again, and how long is waited before. A cookbook's own `retry` and `global_retry` come first. */
export interface RetryOptions {
  /** The first one included. Default 3. */
  readonly maxAttempts?: number;
  /** Upper bound of the first back-off; the next ones grow by `multiplier`, each jittered between 0 and its bound. Default `'1s'`. */
  readonly baseDelay?: Duration;
  /** Default `'30s'`. */
  readonly maxDelay?: Duration;
  /** Default 2. */
  readonly multiplier?: number;
}

/** The options with every default filled in and every duration in milliseconds: what the library works with. */
export interface Settings {
  readonly service: string;
  readonly namespace: string;
  readonly transport: TransportDefinition | undefined;
  readonly state: StateDefinition | false | undefined;
  readonly cache: CacheOptions | false;
  readonly cacheSettings: CacheSettings;
  readonly operations: OperationsSource | undefined;
  readonly cookbooks: string | readonly unknown[];
  readonly retry: RetryPolicy;
  readonly limits: Limits;
  readonly helpers: Helpers;
  readonly references: ReferenceMode;
  readonly timeout: number;
  readonly classifyError: ErrorClassifier | undefined;
  readonly deliver: Deliver | undefined;
  readonly unroutableFor: number;
  readonly shutdownGrace: number;
  readonly lease: number;
  readonly heartbeat: number;
  readonly deferBy: number;
}

/** Milliseconds until a message is tried again that the plumbing, not the run, held up. */
const DEFER_BY = 1_000;

/** Milliseconds between two renewals of a lease, at most: so late a hop at work hears that its run is to be cancelled. */
const HEARTBEAT = 5_000;

/** @throws ConfigurationError naming every option that is wrong, what was got, and what it must be */
export function settingsOf(service: string, raw: OrchestratorModuleOptions = {}): Settings {
  const options = present(raw);
  const checked = Object.assign(new Options(), options, {
    service,
    ...checkedBy({ retry: Retry, limits: LimitOptions, cache: CacheChecks, unroutable: Unroutable }, options),
  });
  const problems = validateSync(checked, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
  if (problems.length > 0) throw new ConfigurationError(problems.flatMap((problem) => linesOf(problem)).join('\n'));

  const [retry, limits, unroutable] = [present(options.retry), present(options.limits), present(options.unroutable)];
  const { lifetime, ...bounds } = limits;
  const cache = present(options.cache === false ? undefined : options.cache);
  const namespace = options.namespace ?? 'orchestrator';
  const timeout = ms(options.timeout, '30s');
  const allowed = limitsOf(bounds, ms(lifetime, DEFAULT_LIMITS.lifetime));
  const maxAttempts = retry.maxAttempts ?? 3;
  if (maxAttempts > allowed.attempts) {
    throw new ConfigurationError(
      `OrchestratorModule: retry.maxAttempts must not be more than limits.attempts, ${allowed.attempts} (got ${maxAttempts}).`,
    );
  }
  return {
    service,
    namespace,
    transport: options.transport,
    state: options.state,
    cache: options.cache === false ? false : cache,
    cacheSettings: {
      service,
      namespace,
      ttl: ms(cache.ttl, DEFAULTS.ttl),
      size: cache.size ?? DEFAULTS.size,
      maxEntryBytes: cache.maxEntryBytes ?? DEFAULTS.maxEntryBytes,
      timeout: ms(cache.timeout, DEFAULTS.timeout),
      whenPurgeFails: cache.whenPurgeFails ?? DEFAULTS.whenPurgeFails,
      verifySampleRate: cache.verifySampleRate ?? DEFAULTS.verifySampleRate,
      callerOf: options.caller,
    },
    operations: options.operations,
    cookbooks: options.cookbooks ?? [],
    retry: {
      maxAttempts,
      baseDelay: ms(retry.baseDelay, '1s'),
      maxDelay: ms(retry.maxDelay, '30s'),
      multiplier: retry.multiplier ?? 2,
    },
    limits: allowed,
    helpers: options.helpers ?? {},
    references: options.references ?? 'strict',
    timeout,
    classifyError: options.classifyError,
    deliver: options.deliver,
    unroutableFor: ms(unroutable.retryFor, '10m'),
    shutdownGrace: ms(options.shutdownGrace, '15s'),
    lease: 2 * timeout, // so that a mutating step need not extend it first
    heartbeat: Math.min((2 * timeout) / 3, HEARTBEAT),
    deferBy: DEFER_BY,
  };
}

/** The options that are objects themselves, as what checks them; what is none is checked as it is. */
function checkedBy(types: Readonly<Record<string, new () => object>>, options: object): object {
  const given = Object.entries(options).filter(([name, value]) => Object.hasOwn(types, name) && isRecord(value));
  return Object.fromEntries(given.map(([name, value]) => [name, Object.assign(new (types[name] ?? Object)(), value)]));
}

/** `undefined` and `null` are as good as absent, as in `{ steps: process.env.STEPS && Number(process.env.STEPS) }`. */
function present<T extends object>(given: T | undefined): Partial<T> {
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as Partial<T>;
}

/** What a service may send every other must be able to read: the incoming limit follows the outgoing one. */
function limitsOf(bounds: Partial<Limits>, lifetime: number): Limits {
  const messageBytes = bounds.messageBytes ?? DEFAULT_LIMITS.messageBytes;
  const limits = { ...DEFAULT_LIMITS, incomingBytes: Math.ceil(1.25 * messageBytes), ...bounds, lifetime };
  if (limits.incomingBytes >= messageBytes) return limits;
  throw new ConfigurationError(
    `OrchestratorModule: limits.incomingBytes must be at least limits.messageBytes, ${messageBytes} (got ${limits.incomingBytes}). ` +
      'Leave it out: it is a quarter larger then.',
  );
}

/** Validated before; the default is one by construction. */
const ms = (given: Duration | undefined, otherwise: Duration): number => toMilliseconds(given ?? otherwise) ?? 0;

function linesOf({ target, property, value, constraints = {}, children = [] }: ValidationError, path = ''): string[] {
  const at = `${path}${property}`;
  // That it cannot be looked into goes without saying where it is said what it must be.
  const broken = Object.entries(constraints).filter(
    ([rule], _, all) => rule !== 'nestedValidation' || all.length === 1,
  );
  const fixes = broken.map(([rule, message]) =>
    rule === 'whitelistValidation'
      ? `OrchestratorModule: unknown option "${at}" (got ${describe(value)}). ${suggestion(property, 'There are', optionsOf(target))}`
      : `OrchestratorModule: ${at} ${message.replace(new RegExp(`^${property} `), '')} (got ${describe(value)}).`,
  );
  return [...fixes, ...children.flatMap((child) => linesOf(child, `${at}.`))];
}

/** The options that an object may have, as they are declared below. */
function optionsOf(checked: object | undefined): string[] {
  const { constructor } = Object(checked) as { readonly constructor: new () => object };
  const rules = getMetadataStorage().getTargetValidationMetadatas(constructor, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))].filter((name) => !REFUSED.has(name));
}

/** Options of earlier versions, each with a message of its own. */
const REFUSED: ReadonlySet<string> = new Set(['store']);

class Retry {
  @IsOptional() @IsInt() @Min(1) maxAttempts?: number;
  @IsOptional() @IsDuration() baseDelay?: Duration;
  @IsOptional() @IsDuration() maxDelay?: Duration;
  @IsOptional() @Min(1) multiplier?: number;
}

class Unroutable {
  @IsOptional() @IsDuration() retryFor?: Duration;
}

const Bound = (): PropertyDecorator => (target, key) => {
  for (const decorate of [IsOptional(), IsInt(), Min(1)]) decorate(target, key);
};

class LimitOptions implements Partial<Record<keyof Limits, unknown>> {
  @Bound() messageBytes?: number;
  @Bound() incomingBytes?: number;
  @Bound() depth?: number;
  @Bound() nodes?: number;
  @Bound() steps?: number;
  @Bound() nesting?: number;
  @Bound() iterations?: number;
  @Bound() branches?: number;
  @Bound() hops?: number;
  @Bound() attempts?: number;
  @IsOptional() @IsDuration({ positive: true }) lifetime?: Duration;
  @Bound() references?: number;
  @Bound() inputBytes?: number;
}

const IsFunction = (): PropertyDecorator => is('a function', (value) => typeof value === 'function');
const HasCreate = (kind: string, or = '', other?: unknown): PropertyDecorator =>
  is(
    `${or}a ${kind} definition: an object with create()`,
    (value) => value === other || typeof (Object(value) as { create?: unknown }).create === 'function',
  );
const HelpersByName = (): PropertyDecorator =>
  is('an object of functions by name', (value) =>
    Object.values(value as object).every((each) => typeof each === 'function'),
  );

function is(what: string, isRight: (value: unknown, options: object) => boolean): PropertyDecorator {
  const validate = (value: unknown, of?: ValidationArguments): boolean => isRight(value, of?.object ?? {});
  return ValidateBy({ name: what, validator: { validate, defaultMessage: () => `must be ${what}` } });
}

class CacheChecks {
  @IsOptional() @IsDuration({ positive: true }) ttl?: Duration;
  @Bound() size?: number;
  @Bound() maxEntryBytes?: number;
  @IsOptional()
  @is('left out, as cache-manager 7 has none: give stores: new Keyv({ store: new KeyvAdapter(store), … })', () => false)
  store?: unknown;
  @IsOptional() stores?: unknown;
  @IsOptional()
  @is(
    'left out where stores are given: answers are kept in one or the other',
    (_, { stores }: CacheChecks) => stores == null,
  )
  useExisting?: unknown;
  @IsOptional() @IsDuration({ positive: true }) timeout?: Duration;
  @IsOptional() @HasCreate('coherence') coherence?: unknown;
  @IsOptional() @IsIn(['strict', 'proceed']) whenPurgeFails?: unknown;
  @IsOptional() @IsBoolean() processLocal?: unknown;
  @IsOptional() @Min(0) @Max(1) verifySampleRate?: unknown;
}

class Options {
  @IsString()
  @Matches(new RegExp(SHORT_NAME), {
    message: 'must be a name of at most 100 letters, digits, "-" and "_", such as \'orders\'',
  })
  service = '';
  @IsOptional() @HasCreate('transport') transport?: unknown;
  @IsOptional() @HasCreate('state', 'false, or ', false) state?: unknown;
  @IsOptional()
  @is('a file, a map or a lookup function', (value) => ['string', 'object', 'function'].includes(typeof value))
  operations?: unknown;
  @IsOptional()
  @is('a folder or a list of documents', (value) => typeof value === 'string' || Array.isArray(value))
  cookbooks?: unknown;
  @IsOptional()
  @is(
    'false, or an object of cache options',
    (value) => value === false || (typeof value === 'object' && !Array.isArray(value)),
  )
  @ValidateIf((_, value) => value !== false)
  @ValidateNested()
  cache?: unknown;
  @IsOptional() @IsFunction() caller?: unknown;
  @IsOptional() @IsObject() @ValidateNested() retry?: Retry;
  @IsOptional() @IsObject() @ValidateNested() limits?: LimitOptions;
  @IsOptional() @IsObject() @HelpersByName() helpers?: unknown;
  @IsOptional() @IsIn(['strict', 'lenient']) references?: unknown;
  @IsOptional() @IsDuration({ positive: true }) timeout?: Duration;
  @IsOptional()
  @IsString()
  @Matches(new RegExp(SHORT_NAME), { message: 'must be at most 100 letters, digits, "-" and "_"' })
  namespace?: string;
  @IsOptional() @IsFunction() classifyError?: unknown;
  @IsOptional() @IsFunction() deliver?: unknown;
  @IsOptional() @IsObject() @ValidateNested() unroutable?: Unroutable;
  @IsOptional() @IsDuration() shutdownGrace?: Duration;
}
