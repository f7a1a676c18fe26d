// The forms in which instructions take their values: words, assignments, JSON arrays and shell commands.
import { errorText } from '@longshore/base';
import { type ImageState, lookupVariable } from '../image-state.ts';
import { lineError } from './errors.ts';
import type { Instruction } from './parse.ts';
import { type Expansion, expandWord, splitAssignment, splitWords } from './words.ts';

/** What the build brings along besides the file. */
export interface Surroundings {
  readonly escape: string;
  /** Values given for ARGs, those of the platform included. */
  readonly args: ReadonlyMap<string, string>;
}

/** The instruction's words, with variables replaced; a replaced variable may give several words or none. */
export function expand(state: ImageState, instruction: Instruction, surroundings: Surroundings): string[] {
  const { escape } = surroundings;
  return splitWords(instruction.rest, escape).flatMap((word) => {
    const value = expandOne(state, word, instruction, surroundings);
    return /["'\\]/.test(word) ? [value] : value.split(/\s+/).filter((part) => part !== '');
  });
}

/** The words of a JSON array or a list, with variables replaced; one word stays one word. */
export function listForm(state: ImageState, instruction: Instruction, surroundings: Surroundings): string[] {
  const words = execForm(instruction.rest) ?? splitWords(instruction.rest, surroundings.escape);
  return words.map((word) => expandOne(state, word, instruction, surroundings));
}

/** A JSON array of strings, or undefined if the text is not one: then, as in Docker, it is a shell command. */
export function execForm(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A JSON array as it is, or a command for the shell. */
export function commandForm(state: ImageState, instruction: Instruction): string[] {
  return execForm(instruction.rest) ?? [...state.shell, instruction.rest];
}

/**
 * `name=value name="other value"`, or, with a single assignment, `name value`. With `bare`, a name may stand alone (its value
 * is undefined then).
 */
export function assignments(
  state: ImageState,
  instruction: Instruction,
  surroundings: Surroundings,
  bare = false,
): (readonly [name: string, value: string | undefined])[] {
  const { line, keyword, rest } = instruction;
  const words = splitWords(rest, surroundings.escape);
  if (!bare && splitAssignment(words[0] ?? '') === undefined) {
    const [, name = '', value = ''] = /^(\S+)\s+([\s\S]*)$/.exec(rest) ?? [];
    if (name === '') throw lineError(line, `${keyword} needs name=value`);
    return [[name, expandOne(state, value, instruction, surroundings)]];
  }
  return words.map((word) => {
    const pair = splitAssignment(word);
    if (pair === undefined && !bare) throw lineError(line, `"${word}" is not name=value`);
    const [rawName, rawValue] = pair ?? [word, undefined];
    const name = expandOne(state, rawName, instruction, surroundings);
    if (name === '' || name.includes('=')) throw lineError(line, `"${word}" has no name`);
    return [name, rawValue === undefined ? undefined : expandOne(state, rawValue, instruction, surroundings)];
  });
}

function expandOne(state: ImageState, word: string, { line }: Instruction, { escape }: Surroundings): string {
  const expansion: Expansion = { escape, lookup: (name) => lookupVariable(state, name) };
  try {
    const value = expandWord(word, expansion);
    if (value.includes('\0')) throw new Error('a value holds a zero byte');
    return value;
  } catch (error) {
    throw lineError(line, errorText(error));
  }
}
