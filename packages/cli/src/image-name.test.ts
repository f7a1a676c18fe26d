import { expect, it } from 'vitest';
import { familyOf, parseImageName } from './image-name.ts';

it.each([
  ['hello', { repository: 'hello' }],
  ['hello:1', { repository: 'hello', tag: '1' }],
  ['team/hello:1', { repository: 'team/hello', tag: '1' }],
  ['127.0.0.1:7077/hello', { host: '127.0.0.1:7077', repository: 'hello' }],
  ['localhost/a/b:c', { host: 'localhost', repository: 'a/b', tag: 'c' }],
  ['ghcr.io/a/b@sha256:00', { host: 'ghcr.io', repository: 'a/b', digest: 'sha256:00' }],
])('reads %s', (text, parts) => {
  expect(parseImageName(text)).toEqual(parts);
});

it.each(['', ':1', 'UPPER', 'a b', '-a', 'a//b:/'])('refuses "%s"', (text) => {
  expect(() => parseImageName(text)).toThrow(/not the name of an image/);
});

it('names a family after the last part of the repository', () => {
  expect(familyOf(parseImageName('team/my.app:1'))).toBe('my-app');
});
