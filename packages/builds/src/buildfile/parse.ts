// Reading a build file into instructions: continuation lines, comments, parser directives and flags, as the Dockerfile reference
// describes them. What an instruction means is decided elsewhere.
import { UserError } from '@longshore/base';
import { lineError } from './errors.ts';

export interface BuildFile {
  /** The character that escapes and continues lines: a backslash, unless a directive says otherwise. */
  readonly escape: string;
  readonly instructions: readonly Instruction[];
}

export interface Instruction {
  /** Where it begins, counted from 1. */
  readonly line: number;
  /** In capitals. */
  readonly keyword: string;
  /** `--name=value`; a flag without a value has the empty string. */
  readonly flags: ReadonlyMap<string, string>;
  readonly rest: string;
  /** As written, on one line. */
  readonly text: string;
}

const mostBytes = 1024 * 1024;
const mostInstructions = 1000;
const flagged = new Set(['FROM', 'COPY', 'ADD', 'HEALTHCHECK', 'RUN']);

/** Throws a `UserError` that names the line. */
export function parseBuildFile(text: string): BuildFile {
  if (text.length > mostBytes) throw new UserError(`The build file is larger than ${mostBytes} bytes`);
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const escape = escapeDirective(lines);
  const instructions: Instruction[] = [];
  let index = 0;
  while (index < lines.length) {
    const { text: joined, next } = logicalLine(lines, index, escape);
    if (joined !== '') instructions.push(parseInstruction(joined, index + 1));
    if (instructions.length > mostInstructions) {
      throw lineError(index + 1, `more than ${mostInstructions} instructions`);
    }
    index = next;
  }
  return { escape, instructions };
}

/** Directives are comments at the very top, of the form `# name=value`. */
function escapeDirective(lines: readonly string[]): string {
  for (const [index, line] of lines.entries()) {
    const directive = /^\s*#\s*([a-z]+)\s*=\s*(\S+)\s*$/i.exec(line);
    if (directive === null) return '\\';
    if (directive[1]?.toLowerCase() !== 'escape') continue;
    const value = directive[2] ?? '';
    if (value !== '\\' && value !== '`')
      throw lineError(index + 1, 'the escape character is a backslash or a backtick');
    return value;
  }
  return '\\';
}

/** The instruction that begins at `start`, with its continuation lines joined; empty for a comment or a blank line. */
function logicalLine(lines: readonly string[], start: number, escape: string): { text: string; next: number } {
  let text = '';
  let index = start;
  let continued = true;
  while (continued && index < lines.length) {
    const line = lines[index] ?? '';
    index += 1;
    const comment = /^\s*#/.test(line);
    // Within an instruction, comments and blank lines do not end it.
    if (comment || line.trim() === '') {
      continued = text !== '';
      continue;
    }
    const body = text === '' ? line.trimStart() : line;
    const trimmed = body.trimEnd();
    continued = trimmed.endsWith(escape);
    text += continued ? trimmed.slice(0, -1) : body;
  }
  return { text: text.trim(), next: index };
}

function parseInstruction(text: string, line: number): Instruction {
  const [, word = '', after = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const keyword = word.toUpperCase();
  if (!/^[A-Z]+$/.test(keyword)) throw lineError(line, `"${word.slice(0, 40)}" is not an instruction`);
  const flags = new Map<string, string>();
  let rest = after;
  while (flagged.has(keyword)) {
    const flag = /^--([a-z-]+)(?:=(\S*))?(?:\s+|$)/.exec(rest);
    if (flag === null) break;
    const [whole, name = '', value = ''] = flag;
    if (flags.has(name)) throw lineError(line, `--${name} is given twice`);
    flags.set(name, value);
    rest = rest.slice(whole.length);
  }
  if (rest === '') throw lineError(line, `${keyword} needs an argument`);
  return { line, keyword, flags, rest, text: text.replace(/\s+/g, ' ') };
}
