// Regular expressions as ECS documents them: Java's syntax, the whole value must match. They come from tenants and run on
// each instance, so they are matched by an automaton, in time linear in the value whatever the pattern is.
import { RE2JS } from 're2js';
import { invalidParameter } from '../../errors.ts';

/** What Java has and no automaton can do in linear time, or that is not worth it; said before RE2's own words. */
const beyond: readonly (readonly [RegExp, string])[] = [
  [/\(\?(?:[=!]|<[=!])/, 'lookaround'],
  [/\(\?>/, 'atomic groups'],
  [/\\(?:[1-9]|k<)/, 'back-references'],
  [/[*+?}]\+/, 'possessive quantifiers'],
  [/&&\[/, 'intersections of classes'],
];

/** States that repetitions such as `(a{500}){500}` may add up to. */
const maxRepeat = 1000;

function repeats(pattern: string): number {
  const bounds = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map((each) => Math.max(1, Number(each[2] || each[1])));
  return bounds.reduce((product, each) => product * each, 1);
}

/** Throws InvalidParameterException for what is no pattern, or one that needs back-tracking. */
export function compilePattern(pattern: string): (value: string) => boolean {
  const unescaped = pattern.replace(/\\\\/g, '');
  for (const [sign, name] of beyond)
    if (sign.test(unescaped))
      throw invalidParameter(
        `Invalid expression: the pattern ${pattern.slice(0, 60)} uses ${name}, which are not available.`,
      );
  if (repeats(unescaped) > maxRepeat)
    throw invalidParameter(`Invalid expression: the repetitions in the pattern ${pattern.slice(0, 60)} are too many.`);
  try {
    const compiled = RE2JS.compile(pattern);
    return (value) => compiled.matches(value);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw invalidParameter(
      `Invalid expression: the pattern ${pattern.slice(0, 60)} is not understood (${why.slice(0, 100)}).`,
    );
  }
}
