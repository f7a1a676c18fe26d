// Small checks that container and task definitions share. The ECS model has no minimum, maximum or pattern, so the server
// holds every limit itself.
import { clientError } from '../errors.ts';

/** Fails with ECS's form of words for one container's field. */
export function badContainer(name: string, detail: string) {
  return clientError(`Invalid setting for container '${name}'. ${detail}`);
}

export function checkRange(name: string, field: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || value < min || value > max)
    throw badContainer(name, `'${field}' must be between ${min} and ${max}.`);
}

export function checkText(name: string, field: string, value: string | undefined, max: number): void {
  if (value === undefined) return;
  if (value.length > max) throw badContainer(name, `'${field}' must be at most ${max} characters.`);
  if (value.includes('\0')) throw badContainer(name, `'${field}' must not contain a NUL character.`);
}

export function checkTexts(name: string, field: string, values: readonly string[] | undefined, max: number): void {
  if (values === undefined) return;
  if (values.length > 1000) throw badContainer(name, `'${field}' has more than 1000 entries.`);
  for (const value of values) checkText(name, field, value, max);
}

export function checkOneOf(name: string, field: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value))
    throw badContainer(name, `'${field}' must be one of: ${allowed.join(', ')}.`);
}
