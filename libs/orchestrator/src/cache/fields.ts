import type { BoundOperation } from '../operations/operation.registry.js';

/** Finds the value of an input field; `undefined`: there is none, or it names no instance. */
export type FieldOf = (field: string) => unknown;

/** What a handler is given as one of its parameters: the whole input, or a field of it. */
export interface Given {
  /** `undefined`: the whole. */
  readonly field: string | undefined;
  readonly value: unknown;
}

/** Finds fields of the input among what a handler really got. */
export const fieldsOf = ({ parameters: { inputs } }: BoundOperation, args: readonly unknown[]): FieldOf =>
  fieldsAmong(inputs.map(({ index, field }) => ({ field, value: args[index] })));

/**
 * Finds a field among all that a handler is given. Where several parameters have it and differ, nobody knows which of them the
 * handler takes, and who sends one must not say so: there is none.
 */
export const fieldsAmong =
  (given: readonly Given[]): FieldOf =>
  (field) => {
    const named = given.filter((each) => each.field === field);
    const whole = given.filter((each) => each.field === undefined);
    const found = named.length > 0 ? named : whole.map(({ value }) => ({ value: fieldIn(value, field) }));
    const values = found.map(({ value }) => value).filter((value) => value !== undefined);
    return new Set(values.map(idOf)).size === 1 ? values[0] : undefined;
  };

/** A field of an input: its own, never an inherited one. */
export function fieldIn(input: unknown, field: string): unknown {
  return typeof input === 'object' && input !== null && Object.hasOwn(input, field)
    ? (input as Record<string, unknown>)[field]
    : undefined;
}

/** Ids are compared as texts. Anything but a text, a number, a bigint or a truth value names no instance. */
export function idOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return undefined;
  }
}
