// Random names of accounts, users and access keys, in AWS's shapes and from the system's CSPRNG.
import { randomBytes, randomInt } from 'node:crypto';
import type { AccountId } from '@longshore/base';
import type { AccessKey } from './types.ts';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** `length` characters of [A-Z2-7]; 5 bits of randomness each, without bias (32 divides 256). */
function randomBase32(length: number): string {
  return Array.from(randomBytes(length), (byte) => base32[byte % 32]).join('');
}

/** Twelve digits, the first not 0. */
export function newAccountId(): AccountId {
  return String(randomInt(100_000_000_000, 1_000_000_000_000)) as AccountId;
}

/** `AIDA` and 17 characters. */
export function newUserId(): string {
  return `AIDA${randomBase32(17)}`;
}

/** `AROA` and 17 characters. */
export function newRoleId(): string {
  return `AROA${randomBase32(17)}`;
}

/** The id of a temporary key: `ASIA` and 16 characters. */
export function newSessionKeyId(): string {
  return `ASIA${randomBase32(16)}`;
}

/** `AKIA` and 16 characters; the secret is 40 characters of base64, 240 bits. */
export function newAccessKey(): AccessKey {
  return { accessKeyId: `AKIA${randomBase32(16)}`, secretAccessKey: randomBytes(30).toString('base64') };
}
