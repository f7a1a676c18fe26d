// `include` of the Describe operations: what a caller may ask for besides.
import { invalidParameter } from './errors.ts';

/** Throws InvalidParameterException for a word that the operation does not know. */
export function checkInclude(include: readonly string[] | undefined, known: readonly string[]): void {
  for (const each of include ?? [])
    if (!known.includes(each))
      throw invalidParameter(`include may hold ${known.join(', ')}, not ${each.slice(0, 40)}.`);
}
