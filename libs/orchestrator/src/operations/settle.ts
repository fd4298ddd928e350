import { isObservable, lastValueFrom } from 'rxjs';

/** An Observable's last value is the output; an empty one gives null (stock Nest rejects with EmptyError). */
export function settle(result: unknown): unknown {
  return isObservable(result) ? lastValueFrom(result, { defaultValue: null }) : result;
}
