// Checking the inputs of IAM operations: names, paths, paging (IAM API reference, the constraints of each parameter).
import { identityErrors } from './errors.ts';

const allowedInNames = '+=,.@_-';

function checkName(value: string | undefined, parameter: string, longest: number): string {
  if (value === undefined || value === '') throw identityErrors.invalid(`The request must contain ${parameter}.`);
  if (value.length > longest) {
    throw identityErrors.invalid(
      `1 validation error detected: Value at '${parameter}' failed to satisfy constraint: Member must have length less than or equal to ${longest}`,
    );
  }
  if (!/^[\w+=,.@-]+$/.test(value)) {
    throw identityErrors.invalid(
      `The specified value for ${parameter} is invalid. It must contain only alphanumeric characters and/or the following: ${allowedInNames}`,
    );
  }
  return value;
}

export function checkUserName(value: string | undefined): string {
  return checkName(value, 'userName', 64);
}

export function checkRoleName(value: string | undefined): string {
  return checkName(value, 'roleName', 64);
}

export function checkPolicyName(value: string | undefined): string {
  return checkName(value, 'policyName', 128);
}

export function checkAccessKeyId(value: string | undefined): string {
  if (value === undefined || !/^\w{16,128}$/.test(value)) {
    throw identityErrors.invalid(
      'The specified value for accessKeyId is invalid. It must have 16 to 128 letters and digits.',
    );
  }
  return value;
}

/** Begins and ends with a slash; `/` if left out. */
export function checkPath(value: string | undefined): string {
  const path = value ?? '/';
  if (path.length <= 512 && /^\/(?:[\x21-\x7e]*\/)?$/.test(path)) return path;
  throw identityErrors.invalid(
    'The specified value for path is invalid. It must begin and end with / and contain only visible ASCII characters.',
  );
}

export function checkPathPrefix(value: string | undefined): string {
  const prefix = value ?? '/';
  if (prefix.length <= 512 && /^\/[\x21-\x7e]*$/.test(prefix)) return prefix;
  throw identityErrors.invalid('The specified value for pathPrefix is invalid. It must begin with /.');
}

export interface PageRequest {
  readonly size: number;
  /** The last item of the page before; '' for the first page. */
  readonly after: string;
}

const longestMarker = 1024;

/** `MaxItems` is 1 to 1000, 100 if left out; `Marker` is what the page before answered. */
export function checkPage(input: {
  readonly MaxItems?: number | undefined;
  readonly Marker?: string | undefined;
}): PageRequest {
  const size = input.MaxItems ?? 100;
  if (!Number.isInteger(size) || size < 1 || size > 1000) {
    throw identityErrors.invalid(
      `1 validation error detected: Value '${size}' at 'maxItems' failed to satisfy constraint: Member must be between 1 and 1000`,
    );
  }
  if (input.Marker === undefined) return { size, after: '' };
  const after = Buffer.from(input.Marker.slice(0, longestMarker), 'base64url').toString('utf8');
  if (after === '' || encodeMarker(after) !== input.Marker) throw identityErrors.invalid('Invalid Marker.');
  return { size, after };
}

function encodeMarker(after: string): string {
  return Buffer.from(after, 'utf8').toString('base64url');
}

/** Cuts `items` (of which one more than the page was asked for) to a page. `keyOf` gives what the next page starts after. */
export function toPage<T>(
  items: readonly T[],
  page: PageRequest,
  keyOf: (item: T) => string,
): { readonly items: readonly T[]; readonly IsTruncated: boolean; readonly Marker?: string } {
  const kept = items.slice(0, page.size);
  const last = kept.at(-1);
  if (items.length <= page.size || last === undefined) return { items: kept, IsTruncated: false };
  return { items: kept, IsTruncated: true, Marker: encodeMarker(keyOf(last)) };
}
