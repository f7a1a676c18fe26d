import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entriesOf, folderOf } from '../testing.ts';
import { archiveOf } from './archive.ts';
import type { LayerEntry } from './plan.ts';
import { padding, tarHeader } from './tar.ts';

const owner = { uid: 0, gid: 0 };

test('files, folders and links come out as they went in', async () => {
  await using folder = await folderOf({ big: 'x'.repeat(200_000), empty: '' });
  const entries: LayerEntry[] = [
    { kind: 'folder', path: '/a', mode: 0o750, owner: { uid: 1000, gid: 2000 } },
    { kind: 'file', path: '/a/big', mode: 0, owner, from: `${folder.dir}/big` },
    {
      kind: 'file',
      path: '/a/empty',
      mode: 0o4755,
      owner: { uid: 3_000_000_000, gid: 1 },
      from: `${folder.dir}/empty`,
    },
    { kind: 'link', path: '/a/link', mode: 0o777, owner, target: '/etc/passwd' },
  ];
  expect(await entriesOf(await buffer(archiveOf(entries)))).toEqual([
    { name: 'a', type: 'directory', mode: 0o750, owner: '1000:2000', content: '' },
    { name: 'a/big', type: 'file', mode: 0, owner: '0:0', content: 'x'.repeat(200_000) },
    { name: 'a/empty', type: 'file', mode: 0o4755, owner: '3000000000:1', content: '' },
    { name: 'a/link', type: 'symlink', mode: 0o777, owner: '0:0', content: '/etc/passwd' },
  ]);
});

test('any name and any link target survives', async () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 });
  const name = text.filter((value) => !/[/\0\n]/.test(value) && value.trim() === value && value.isWellFormed());
  await fc.assert(
    fc.asyncProperty(name, name, async (path, target) => {
      const archive = await buffer(archiveOf([{ kind: 'link', path: `/${path}`, mode: 0o777, owner, target }]));
      expect(archive.length % 512).toBe(0);
      expect(await entriesOf(archive)).toMatchObject([{ name: path, content: target }]);
    }),
  );
});

test('a file of more than 8 GiB has its size in a pax record', () => {
  const size = 9 * 1024 ** 3;
  const header = tarHeader({ kind: 'file', path: '/huge', mode: 0o644, owner, from: '' }, size);
  expect(Buffer.from(header).toString()).toContain(`size=${size}\n`);
  expect(padding(1)).toHaveLength(511);
  expect(padding(512)).toHaveLength(0);
});

test('a file that cannot be read is said to be', async () => {
  const gone: LayerEntry = { kind: 'file', path: '/x', mode: 0o644, owner, from: '/nonexistent/file' };
  await expect(buffer(archiveOf([gone]))).rejects.toThrow('/nonexistent/file cannot be read: ENOENT');
});
