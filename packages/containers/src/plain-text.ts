// Text that no store can keep (the character 0, halves of a surrogate pair) is refused wherever it comes in an operation's
// input, before anything else is done with it.
import type { AnyOperation, CallContext, Operation } from '@longshore/aws';
import { invalidParameter } from './errors.ts';

function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed();
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(isPlain);
  return Object.entries(value).every(([key, each]) => isPlain(key) && isPlain(each));
}

/** The same operation; it throws InvalidParameterException for such text. */
export function withPlainText(given: AnyOperation): AnyOperation {
  const { access, handle, ...rest } = given as unknown as Operation;
  const check = (input: unknown): void => {
    if (!isPlain(input)) throw invalidParameter('A text of the request has characters that are not allowed.');
  };
  const checked: Operation = {
    ...rest,
    access:
      access === 'any'
        ? 'any'
        : (input: unknown, call: CallContext) => {
            check(input);
            return access(input, call);
          },
    handle(input, call) {
      if (access === 'any') check(input);
      return handle(input, call);
    },
  };
  return Object.freeze(checked) as unknown as AnyOperation;
}
