/** One thing an implementation of a port must do, runnable in any test runner: it rejects when that is not so. */
export interface ContractCase<Fixture> {
  /** A sentence that says what is promised. */
  readonly name: string;
  readonly run: (fixture: Fixture) => Promise<void>;
}
