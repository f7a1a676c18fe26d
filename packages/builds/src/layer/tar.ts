// Headers of tar archives: ustar, with pax records (POSIX.1-2017, pax §"pax Interchange Format") for what does not fit: long or
// non-ASCII names, large ids and sizes. Written here, not by a library, so that headers and files flow through one generator
// and a slow reader holds everything up.
import type { LayerEntry } from './plan.ts';

const blockBytes = 512;

/** Two empty blocks end an archive. */
export const endOfArchive: Uint8Array = Buffer.alloc(2 * blockBytes);

const typeFlags = { file: '0', link: '2', folder: '5' } as const;

/** The header blocks of `entry`; `size` is that of its content. Times are zero. */
export function tarHeader(entry: LayerEntry, size: number): Uint8Array {
  const name = entry.path.slice(1) + (entry.kind === 'folder' ? '/' : '');
  const target = entry.kind === 'link' ? entry.target : '';
  const { uid, gid } = entry.owner;
  const records = [
    ...(fits(name) ? [] : [record('path', name)]),
    ...(fits(target) ? [] : [record('linkpath', target)]),
    ...(uid <= mostOctal(7) ? [] : [record('uid', String(uid))]),
    ...(gid <= mostOctal(7) ? [] : [record('gid', String(gid))]),
    ...(size <= mostOctal(11) ? [] : [record('size', String(size))]),
  ];
  const fields = { name, target, mode: entry.mode, uid, gid, size, type: typeFlags[entry.kind] };
  if (records.length === 0) return ustar(fields);
  const pax = Buffer.concat(records);
  const paxHeader = ustar({ ...fields, name: 'PaxHeader', target: '', mode: 0o644, size: pax.length, type: 'x' });
  return Buffer.concat([paxHeader, pax, padding(pax.length), ustar(fields)]);
}

/** What fills the last block of `size` bytes; often nothing. */
export function padding(size: number): Uint8Array {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

interface UstarFields {
  readonly name: string;
  readonly target: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly type: string;
}

/** One block; what does not fit is cut, and a pax record before it has the whole. */
function ustar(fields: UstarFields): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(fields.name, 0, 100, 'utf8');
  block.write(octal(fields.mode, 7), 100, 'latin1');
  block.write(octal(fields.uid, 7), 108, 'latin1');
  block.write(octal(fields.gid, 7), 116, 'latin1');
  block.write(octal(fields.size, 11), 124, 'latin1');
  block.write(octal(0, 11), 136, 'latin1');
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(fields.type, 156, 'latin1');
  block.write(fields.target, 157, 100, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  // The sum is taken with its own field filled with spaces.
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function fits(text: string): boolean {
  return Buffer.byteLength(text) === text.length && text.length <= 100;
}

function mostOctal(digits: number): number {
  return 8 ** digits - 1;
}

function octal(value: number, digits: number): string {
  return Math.min(value, mostOctal(digits)).toString(8).padStart(digits, '0');
}

/** `length key=value\n`, where the length counts itself. */
function record(key: string, value: string): Buffer {
  const body = Buffer.byteLength(` ${key}=${value}\n`);
  let length = body + String(body).length;
  if (String(length).length > String(body).length) length = body + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
