// What a COPY puts into its layer: pure planning, from what was found in the context to the entries of the archive.
import { posix } from 'node:path';
import type { Node, Source } from '../context/build-context.ts';

export type LayerEntry = { readonly path: string; readonly mode: number; readonly owner: Owner } & (
  | { readonly kind: 'folder' }
  | { readonly kind: 'file'; readonly from: string }
  | { readonly kind: 'link'; readonly target: string }
);

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What earlier layers hold: absolute paths. */
export type ImageFiles = ReadonlyMap<string, LayerEntry['kind']>;

export interface CopyStep {
  readonly sources: readonly Source[];
  /** Absolute; ends with a slash if it must be a folder. */
  readonly destination: string;
  readonly owner: Owner;
  /** Permission bits that replace those of the files. */
  readonly mode?: number;
}

/** The entries, sorted by path, so that a folder comes before what is in it. Throws an Error that says what is wrong. */
export function planCopy(step: CopyStep, image: ImageFiles): LayerEntry[] {
  const entries = new Map<string, LayerEntry>();
  const target = posix.resolve('/', step.destination);
  const intoFolder = step.destination.endsWith('/') || image.get(target) === 'folder';
  if (step.sources.length > 1 && !intoFolder) {
    throw new Error(`several files are copied, so the destination must end with a slash: "${step.destination}/"`);
  }
  for (const { name, node } of step.sources) {
    // The content of a folder is copied, not the folder itself.
    const path = node.kind === 'folder' || !intoFolder ? target : posix.join(target, name);
    addNode(entries, path, node, step);
  }
  addParents(entries, image);
  for (const entry of entries.values()) checkAgainst(image, entry);
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function addNode(entries: Map<string, LayerEntry>, path: string, node: Node, step: CopyStep): void {
  if (posix.basename(path).startsWith('.wh.')) {
    throw new Error(`${posix.basename(path)}: names that begin with ".wh." mean a deletion in a layer`);
  }
  const { owner } = step;
  if (node.kind === 'link') {
    entries.set(path, { kind: 'link', path, mode: 0o777, owner, target: node.target });
  } else if (node.kind === 'file') {
    entries.set(path, { kind: 'file', path, mode: step.mode ?? node.mode, owner, from: node.path });
  } else {
    // The root folder is the image's own.
    if (path !== '/') entries.set(path, { kind: 'folder', path, mode: step.mode ?? node.mode, owner });
    for (const child of node.children) addNode(entries, posix.join(path, child.name), child.node, step);
  }
}

/** Folders that nobody copied but that something is copied into. */
function addParents(entries: Map<string, LayerEntry>, image: ImageFiles): void {
  for (const path of entries.keys()) {
    for (let folder = posix.dirname(path); folder !== '/'; folder = posix.dirname(folder)) {
      if (entries.has(folder) || image.has(folder)) break;
      entries.set(folder, { kind: 'folder', path: folder, mode: 0o755, owner: { uid: 0, gid: 0 } });
    }
  }
}

function checkAgainst(image: ImageFiles, entry: LayerEntry): void {
  const before = image.get(entry.path);
  if (before !== undefined && (before === 'folder') !== (entry.kind === 'folder')) {
    throw new Error(`${entry.path} is a ${before} in the image and cannot become a ${entry.kind}`);
  }
  for (let folder = posix.dirname(entry.path); folder !== '/'; folder = posix.dirname(folder)) {
    const kind = image.get(folder);
    if (kind === 'file') throw new Error(`${folder} is a file in the image, so nothing can be copied into it`);
    if (kind === 'link') throw new Error(`${folder} is a link in the image; copy to the folder that it points to`);
  }
}
