// Whether a tag that is there may be pointed at something else. Pure.
import type { Repository } from './repository.ts';

/** `*` is any run of characters; matched from chunk to chunk, so never in more than linear × linear time. */
export function matchesWildcard(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (!text.startsWith(first)) return false;
  if (rest.length === 0) return text === first;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const chunk of rest) {
    const found = text.indexOf(chunk, at);
    if (found < 0) return false;
    at = found + chunk.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** The repository's setting for `tag`, exclusions considered. */
export function mayOverwrite(repository: Pick<Repository, 'tagMutability' | 'settings'>, tag: string): boolean {
  const excluded = (repository.settings.exclusions ?? []).some((pattern) => matchesWildcard(pattern, tag));
  switch (repository.tagMutability) {
    case 'MUTABLE':
      return true;
    case 'IMMUTABLE':
      return false;
    case 'MUTABLE_WITH_EXCLUSION':
      return !excluded;
    case 'IMMUTABLE_WITH_EXCLUSION':
      return excluded;
  }
}
