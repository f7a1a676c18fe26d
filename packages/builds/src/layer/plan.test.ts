import { expect, test } from 'vitest';
import type { Node, Source } from '../context/build-context.ts';
import { type ImageFiles, planCopy } from './plan.ts';

const owner = { uid: 1, gid: 2 };
const file: Node = { kind: 'file', path: '/context/f', mode: 0o644 };
const folder: Node = { kind: 'folder', mode: 0o700, children: [{ name: 'f', node: file }] };
const nothing: ImageFiles = new Map();

function paths(sources: readonly Source[], destination: string, image: ImageFiles = nothing): string[] {
  return planCopy({ sources, destination, owner }, image).map(({ path }) => path);
}

test('where things go follows the slash, the kind, and what the image has', () => {
  expect(paths([{ name: 'f', node: file }], '/etc/g')).toEqual(['/etc', '/etc/g']);
  expect(paths([{ name: 'f', node: file }], '/etc/')).toEqual(['/etc', '/etc/f']);
  expect(paths([{ name: 'f', node: file }], '/etc', new Map([['/etc', 'folder']]))).toEqual(['/etc/f']);
  expect(paths([{ name: 'd', node: folder }], '/www')).toEqual(['/www', '/www/f']);
  expect(paths([{ name: 'd', node: folder }], '/')).toEqual(['/f']);
});

test('the flags are for what is copied, not for folders made on the way', () => {
  expect(planCopy({ sources: [{ name: 'f', node: file }], destination: '/a/b', owner, mode: 0o600 }, nothing)).toEqual([
    { kind: 'folder', path: '/a', mode: 0o755, owner: { uid: 0, gid: 0 } },
    { kind: 'file', path: '/a/b', mode: 0o600, owner, from: '/context/f' },
  ]);
});

test('what cannot be is refused with the reason', () => {
  const one = { name: 'f', node: file };
  expect(() => paths([one, { name: 'g', node: file }], '/x')).toThrow('must end with a slash');
  expect(() => paths([{ name: '.wh.f', node: file }], '/x/')).toThrow('deletion');
  expect(() => paths([one], '/bin/x', new Map([['/bin', 'link']]))).toThrow('/bin is a link in the image');
  expect(() => paths([one], '/bin/x', new Map([['/bin', 'file']]))).toThrow('/bin is a file in the image');
  expect(() => paths([{ name: 'd', node: folder }], '/x', new Map([['/x', 'file']]))).toThrow('cannot become a folder');
});
