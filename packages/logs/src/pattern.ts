// Filter patterns for unstructured text, as CloudWatch Logs reads them: every term must be in the message, `?term` any of
// them, `-term` none; a term with other characters than letters, digits and _ stands in double quotes. Patterns in braces are
// for JSON. Pure.
import { logErrors } from './errors.ts';
import { compileJsonPattern, type Matcher } from './json-pattern.ts';

/** Throws InvalidParameterException for a malformed pattern, and for the patterns of fields and regular expressions. */
export function compilePattern(pattern: string | undefined): Matcher {
  const text = pattern?.trim() ?? '';
  if (text.length > 1024) throw logErrors.invalid('filterPattern must be at most 1024 characters.');
  if (text === '') return () => true;
  if (text.startsWith('{')) return compileJsonPattern(text);
  if (/^[[%]/.test(text))
    throw logErrors.invalid(
      'Filter patterns for fields and regular expressions are not available. Use terms, or { … } for JSON.',
    );
  const all: string[] = [];
  const any: string[] = [];
  const none: string[] = [];
  const token = /\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([\w]+))(?=\s|$)/y;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (!match) throw logErrors.invalid('Invalid filter pattern: put terms with special characters in double quotes.');
    const term = match[2] === undefined ? (match[3] ?? '') : match[2].replace(/\\(.)/g, '$1');
    const list = match[1] === '?' ? any : match[1] === '-' ? none : all;
    list.push(term);
  }
  return (message) =>
    all.every((term) => message.includes(term)) &&
    none.every((term) => !message.includes(term)) &&
    // Beside required terms the optional ones ask for nothing, as in CloudWatch.
    (any.length === 0 || all.length > 0 || any.some((term) => message.includes(term)));
}
