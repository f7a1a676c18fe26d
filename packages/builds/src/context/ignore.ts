// `.dockerignore`: which files of the folder are no part of the build. Later lines win; a pattern that matches a folder matches
// all that is in it.
import { posix } from 'node:path';
import { UserError } from '@longshore/base';
import { type Glob, matchesGlob, parseGlob } from './glob.ts';

export interface IgnoreRules {
  /** `path` is relative to the context, without a leading slash. */
  ignores(path: string): boolean;
  /** Whether something inside of an ignored folder may be wanted all the same. */
  readonly hasExceptions: boolean;
}

interface Rule {
  readonly glob: Glob;
  readonly excluded: boolean;
}

const mostRules = 1000;
const mostPatternChars = 1024;

/** Throws a `UserError` that names the line. */
export function parseIgnoreFile(text: string, name = '.dockerignore'): IgnoreRules {
  const rules: Rule[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const rule = parseRule(raw, `${name}, line ${index + 1}`);
    if (rule !== undefined) rules.push(rule);
    if (rules.length > mostRules) throw new UserError(`${name} has more than ${mostRules} patterns`);
  }
  return {
    hasExceptions: rules.some((rule) => !rule.excluded),
    ignores(path) {
      const paths = selfAndFolders(path);
      const last = rules.findLast((rule) => paths.some((part) => matchesGlob(rule.glob, part)));
      return last?.excluded ?? false;
    },
  };
}

function parseRule(raw: string, place: string): Rule | undefined {
  if (raw.startsWith('#')) return undefined;
  const text = raw.trim();
  const excluded = !text.startsWith('!');
  const pattern = posix.normalize(`/${excluded ? text : text.slice(1).trim()}`).replace(/^\/+|\/+$/g, '');
  if (pattern === '') return undefined;
  if (pattern.length > mostPatternChars)
    throw new UserError(`${place}: the pattern is longer than ${mostPatternChars}`);
  try {
    return { glob: parseGlob(pattern), excluded };
  } catch (error) {
    throw new UserError(`${place}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
function selfAndFolders(path: string): string[] {
  const segments = path.split('/');
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}
