// The folder that is built from: finding what a COPY names in it, and nothing outside of it.
import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { UserError } from '@longshore/base';
import { matchesGlob, parseGlob } from './glob.ts';
import { type IgnoreRules, parseIgnoreFile } from './ignore.ts';

export interface BuildContext {
  /** The text of a small file in the folder, or undefined if there is none. Ignore rules do not apply. */
  text(path: string): Promise<string | undefined>;
  /**
   * What `pattern` (from COPY) names: the sources in order of their names, each with all that is in it. Throws an Error that says
   * why there is none.
   */
  sources(pattern: string): Promise<readonly Source[]>;
}

/** One file or folder that a pattern names. */
export interface Source {
  /** Its name in the image, when it is copied into a folder. */
  readonly name: string;
  readonly node: Node;
}

/** A file, folder or link of the context. `path` is where it is read from. */
export type Node =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string }
  | {
      readonly kind: 'folder';
      readonly mode: number;
      readonly children: readonly { readonly name: string; readonly node: Node }[];
    };

const mostTextBytes = 1024 * 1024;
const mostDepth = 100;
const mostNodes = 100_000;

export async function openBuildContext(dir: string, buildFile: string): Promise<BuildContext> {
  const root = await rootOf(dir);
  const rules = await readRules(root, buildFile);
  return {
    text: (path) => readText(root, path),
    async sources(pattern) {
      const walk: Walk = { root, rules, left: mostNodes };
      const clean = cleanPattern(pattern);
      if (!/[*?[\\]/.test(clean)) {
        const source = await sourceAt(walk, clean);
        if (source === undefined) throw new Error(`"${pattern}" is not in the folder, or .dockerignore excludes it`);
        return [source];
      }
      const sources: Source[] = [];
      for (const path of await pathsMatching(root, clean)) {
        const source = await sourceAt(walk, path);
        if (source !== undefined) sources.push(source);
      }
      if (sources.length === 0) throw new Error(`nothing in the folder matches "${pattern}"`);
      return sources;
    },
  };
}

async function rootOf(dir: string): Promise<string> {
  const info = await stat(dir).catch(() => undefined);
  if (!info?.isDirectory()) throw new UserError(`${dir} is not a folder`, 'Name the folder that holds the Dockerfile.');
  return realpath(dir);
}

async function readRules(root: string, buildFile: string): Promise<IgnoreRules> {
  for (const name of [`${buildFile}.dockerignore`, '.dockerignore']) {
    const text = await readText(root, name);
    if (text !== undefined) return parseIgnoreFile(text, name);
  }
  return parseIgnoreFile('');
}

async function readText(root: string, path: string): Promise<string | undefined> {
  const real = await insideOf(root, path);
  const info = real === undefined ? undefined : await stat(real);
  if (real === undefined || !info?.isFile()) return undefined;
  if (info.size > mostTextBytes) throw new UserError(`${path} is larger than ${mostTextBytes} bytes`);
  return readFile(real, 'utf8');
}

/** The real path of something in the folder, or undefined if it is not there. Throws if a link leads outside. */
async function insideOf(root: string, path: string): Promise<string | undefined> {
  const real = await realpath(join(root, path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new UserError(`${path} cannot be read: ${error.code ?? error.message}`);
  });
  if (real === undefined || real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return real;
  throw new UserError(`${path} is a link to something outside of the folder that is built from`);
}

/** Relative to the folder, without `.` and `..`; the folder itself is the empty string. */
function cleanPattern(pattern: string): string {
  const clean = posix.normalize(pattern).replace(/^\/+|\/+$/g, '');
  if (clean === '..' || clean.startsWith('../')) {
    throw new Error(`"${pattern}" is outside of the folder that is built from`);
  }
  return clean === '.' ? '' : clean;
}

/** Paths that match, sorted. Goes down one level for each segment of the pattern, and never through a link. */
async function pathsMatching(root: string, pattern: string): Promise<string[]> {
  let folders = [''];
  const segments = pattern.split('/');
  for (const [level, segment] of segments.entries()) {
    const glob = parseGlob(segment === '**' ? '*' : segment);
    const found: string[] = [];
    for (const folder of folders) {
      for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
        if (!matchesGlob(glob, entry.name)) continue;
        if (level === segments.length - 1 || entry.isDirectory()) found.push(posix.join(folder, entry.name));
      }
      if (found.length > mostNodes) throw new Error(`more than ${mostNodes} files match "${pattern}"`);
    }
    folders = found;
  }
  return folders.sort(byName);
}

interface Walk {
  readonly root: string;
  readonly rules: IgnoreRules;
  /** How many more nodes may be found. */
  left: number;
}

/** The source at `path`; a link that is named itself is followed, as long as it stays inside. */
async function sourceAt(walk: Walk, path: string): Promise<Source | undefined> {
  const real = await insideOf(walk.root, path);
  if (real === undefined) return undefined;
  const node = await nodeAt(walk, relative(walk.root, real), 0);
  const excluded = path !== '' && node?.kind !== 'folder' && walk.rules.ignores(path);
  return node === undefined || excluded ? undefined : { name: posix.basename(path), node };
}

/** What is at `path`, with everything in it that is not ignored; undefined if it is ignored itself. */
async function nodeAt(walk: Walk, path: string, depth: number): Promise<Node | undefined> {
  if (depth > mostDepth) throw new Error(`${path} is nested more than ${mostDepth} folders deep`);
  const ignored = path !== '' && walk.rules.ignores(path);
  if (ignored && !walk.rules.hasExceptions) return undefined;
  const full = join(walk.root, path);
  const info = await lstat(full);
  walk.left -= 1;
  if (walk.left < 0) throw new Error(`more than ${mostNodes} files are copied in one step`);
  if (info.isDirectory()) {
    const children = await childrenOf(walk, path, depth);
    // A folder that is excluded is there only for what is wanted of its content.
    if (ignored && children.length === 0) return undefined;
    return { kind: 'folder', mode: info.mode & 0o7777, children };
  }
  if (ignored) return undefined;
  if (info.isSymbolicLink()) return { kind: 'link', target: await readlink(full) };
  if (!info.isFile()) throw new Error(`${path} is neither a file, a folder nor a symbolic link`);
  return { kind: 'file', path: full, mode: info.mode & 0o7777 };
}

async function childrenOf(walk: Walk, path: string, depth: number): Promise<{ name: string; node: Node }[]> {
  const children: { name: string; node: Node }[] = [];
  for (const name of (await readdir(join(walk.root, path))).sort(byName)) {
    const node = await nodeAt(walk, posix.join(path, name), depth + 1);
    if (node !== undefined) children.push({ name, node });
  }
  return children;
}

/** The same on every machine, whatever its locale. */
function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
