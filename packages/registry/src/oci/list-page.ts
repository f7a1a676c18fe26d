// Pages of lists: cut, with the way to the next one, and kept as they are sent while nothing they list is written.
import type { Store } from '@longshore/store';
import { createRevisionMemory, type RevisionMemory, type Source } from '../revision-memory.ts';
import type { OciCall } from './call.ts';
import { type Headers, sendJsonText } from './respond.ts';

export interface ListPage {
  /** JSON. */
  readonly body: string;
  /** The Link header to the next page. */
  readonly link?: string | undefined;
}

const MiB = 1024 * 1024;

export function createPageMemory(store: Pick<Store, 'revision'>): RevisionMemory<ListPage> {
  return createRevisionMemory(store, {
    mostEntries: 500,
    mostBytes: 16 * MiB,
    sizeOf: ({ body }) => (body.length > 4 * MiB ? undefined : body.length),
  });
}

/** Sends the page that `key` stands for, read from `source`. The caller's right to see it was checked. */
export async function sendPage(
  call: OciCall,
  key: readonly (string | number | undefined)[],
  source: Source,
  read: () => Promise<ListPage>,
  headers: Headers = {},
): Promise<void> {
  const { body, link } = await call.core.pages.recall(JSON.stringify(key), source, read);
  sendJsonText(call, 200, body, { ...headers, link });
}

export function nextLink(path: string, query: Readonly<Record<string, string>>): string {
  return `<${path}?${new URLSearchParams(query).toString()}>; rel="next"`;
}

/** Cuts one entry read beyond the page and says where to go on. */
export function page(
  entries: readonly string[],
  size: number,
  path: string,
): { entries: readonly string[]; link?: string } {
  const shown = entries.slice(0, size);
  const last = shown.at(-1);
  if (entries.length <= size || last === undefined) return { entries: shown };
  return { entries: shown, link: nextLink(path, { n: String(size), last }) };
}
