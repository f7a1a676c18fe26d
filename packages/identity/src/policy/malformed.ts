// What the checks of policy documents share: which kinds there are, and how a fault is said.
import { identityErrors } from '../errors.ts';

/** `identity` policies hang on users; `resource` policies on what they protect, and say to whom they speak. */
export type PolicyKind = 'identity' | 'resource';

/** A `MalformedPolicyDocument` that names the place, e.g. `Statement[0].Action`; '' for the whole document. */
export function malformed(place: string, detail: string): Error {
  return identityErrors.malformedPolicy(place === '' ? detail : `${place}: ${detail}`);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
