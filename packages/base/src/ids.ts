// Identifiers: unguessable, and of the shapes that the AWS APIs use.
import { randomBytes, randomUUID } from 'node:crypto';

/** 32 hexadecimal digits, as ECS names tasks and container instances. */
export function newHexId(): string {
  return randomBytes(16).toString('hex');
}

/** A version-4 UUID. */
export function newUuid(): string {
  return randomUUID();
}
