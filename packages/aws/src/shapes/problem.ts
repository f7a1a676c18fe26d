// What can be wrong with an input, said in AWS's words with the place added.
import { WireError } from '../errors.ts';

/** A place in an input, from the inside out. */
export interface Place {
  readonly parent: Place | undefined;
  readonly key: string;
}

/** `overrides.containerOverrides.1.member.name`, as AWS's validation messages write it. */
export function placeText(place: Place | undefined): string {
  const keys: string[] = [];
  for (let at = place; at; at = at.parent) keys.push(at.key);
  return keys.reverse().join('.');
}

export function listPlace(parent: Place | undefined, index: number): Place {
  return { parent, key: `${index + 1}.member` };
}

export function wrongType(message: string, place: Place | undefined): WireError {
  const where = placeText(place);
  return new WireError('serialization', where === '' ? message : `${message} (at '${where}')`);
}

/** A required member that is not there. The protocol lets its service word it. */
export class MissingMember extends Error {
  readonly place: string;

  constructor(place: Place) {
    super('a required member is missing');
    this.place = placeText(place);
  }
}

/** «1 validation error detected: …», as most services say it. */
export function missingMemberError(place: string): WireError {
  return new WireError(
    'missingMember',
    `1 validation error detected: Value null at '${place}' failed to satisfy constraint: Member must not be null`,
  );
}
