// The deciding parts of the pull-through cache: addresses, origins, challenges, rules, and the window of a running fetch.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AccountId } from '@longshore/base';
import { networkOf } from './addresses.ts';
import { readLogin } from './authorization.ts';
import { readChallenges } from './challenge.ts';
import { mayShowPassword, parseUpstream } from './origin.ts';
import { matchRule, type Rule } from './rules.ts';
import { createWindow } from './window.ts';

test.each([
  ['8.8.8.8', 'public'],
  ['2606:4700::1111', 'public'],
  ['10.1.2.3', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.0.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00::1', 'private'],
  ['127.8.9.1', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['::ffff:10.0.0.1', 'private'],
  ['::ffff:169.254.169.254', 'never'],
  ['169.254.169.254', 'never'],
  ['0.0.0.0', 'never'],
  ['::', 'never'],
  ['fe80::1', 'never'],
  ['fe80::1%eth0', 'never'],
  ['64:ff9b::7f00:1', 'never'],
  ['2002:7f00:1::', 'never'],
  ['224.0.0.1', 'never'],
  ['255.255.255.255', 'never'],
  ['localhost', 'never'],
  ['', 'never'],
])('%s is in the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

describe('the URL of an upstream', () => {
  const insecure = new Set(['registry.lan:5000']);
  test.each([
    ['quay.io', 'https://quay.io'],
    ['https://QUAY.io/', 'https://quay.io'],
    ['docker.io', 'https://registry-1.docker.io'],
    ['quay.io:8443', 'https://quay.io:8443'],
    ['127.0.0.1:5000', 'http://127.0.0.1:5000'],
    ['localhost:5000', 'http://localhost:5000'],
    ['[::1]:5000', 'http://[::1]:5000'],
    ['https://localhost:5000', 'https://localhost:5000'],
    ['http://registry.lan:5000', 'http://registry.lan:5000'],
  ])('%s is %s', (text, origin) => {
    expect(parseUpstream(text, insecure)?.origin).toBe(origin);
  });
  test.each([
    '',
    'http://quay.io',
    'http://registry.lan',
    'https://user:password@quay.io',
    'user@quay.io',
    'quay.io/path',
    'https://quay.io?x',
    'quay.io#x',
    'ftp://quay.io',
    'quay.io:99999',
    '0x7f.1',
    '2130706433',
    '127.1',
    'localhost.evil.example@127.0.0.1',
    'a b',
    `${'a'.repeat(300)}.io`,
  ])('%s is refused', (text) => {
    expect(parseUpstream(text, insecure)).toBeUndefined();
  });
});

test('a password is shown to the upstream, its known token service, and where its owner says', () => {
  expect(mayShowPassword('https://quay.io', 'https://quay.io', undefined)).toBe(true);
  expect(mayShowPassword('https://registry-1.docker.io', 'https://auth.docker.io', undefined)).toBe(true);
  expect(mayShowPassword('https://quay.io', 'https://auth.docker.io', undefined)).toBe(false);
  expect(mayShowPassword('https://quay.io', 'https://quay.io:444', undefined)).toBe(false);
  expect(mayShowPassword('https://quay.io', 'http://quay.io', undefined)).toBe(false);
  expect(mayShowPassword('https://a.example', 'https://b.example', 'https://b.example')).toBe(true);
});

test('secrets are ECR’s: username and accessToken', () => {
  expect(readLogin('{"username":"ann","accessToken":"x"}')).toMatchObject({ user: 'ann', password: 'x' });
  const named = '{"username":"a","accessToken":"x","tokenOrigin":"https://auth.example/token"}';
  expect(readLogin(named)?.tokenOrigin).toBe('https://auth.example');
  for (const text of ['', '[]', '{"username":"a:b","accessToken":"x"}', '{"username":"a"}', 'ann:x']) {
    expect(readLogin(text)).toBeUndefined();
  }
});

describe('challenges', () => {
  test('are read with their parameters, several of them too', () => {
    const header = 'Basic realm="a, b", Bearer realm="https://x/t?a=1,2",service="s\\"q",scope=repository:a/b:pull';
    const [basic, bearer] = readChallenges(header);
    expect(basic?.scheme).toBe('basic');
    expect(basic?.parameters.get('realm')).toBe('a, b');
    expect(Object.fromEntries(bearer?.parameters ?? [])).toEqual({
      realm: 'https://x/t?a=1,2',
      service: 's"q',
      scope: 'repository:a/b:pull',
    });
  });
  test('of any text end', () => {
    fc.assert(fc.property(fc.string({ maxLength: 5_000 }), (text) => Array.isArray(readChallenges(text))));
    expect(readChallenges(undefined)).toEqual([]);
    expect(readChallenges('x'.repeat(5_000))).toEqual([]);
  });
});

describe('the rule for a name', () => {
  const rule = (prefix: string, upstreamPrefix = 'ROOT'): Rule => ({
    account: '111122223333' as AccountId,
    prefix,
    upstreamUrl: 'quay.io',
    upstreamRegistry: undefined,
    upstreamPrefix,
    credentialArn: undefined,
    createdAt: 0,
    updatedAt: 0,
    version: 1,
  });
  const rules = [rule('hub'), rule('hub/team', 'org/x'), rule('quay')];
  test.each([
    ['hub/library/nginx', 'hub', 'library/nginx'],
    ['hub/team/web', 'hub/team', 'org/x/web'],
    ['quay/a', 'quay', 'a'],
  ])('%s is by %s the upstream’s %s', (name, prefix, upstreamName) => {
    expect(matchRule(rules, name)).toMatchObject({ rule: { prefix }, upstreamName });
  });
  test('a prefix ends at a slash, and ROOT takes the rest', () => {
    expect(matchRule(rules, 'hubble/a')).toBeUndefined();
    expect(matchRule(rules, 'hub')).toBeUndefined();
    expect(matchRule([...rules, rule('ROOT', 'mirror')], 'own/web')).toMatchObject({ upstreamName: 'mirror/own/web' });
    expect(matchRule([rule('ROOT'), ...rules], 'quay/a')).toMatchObject({ upstreamName: 'a' });
  });
});

describe('the window', () => {
  test('every reader gets the bytes in order, or is told that it is behind', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(5)), async (pieces, most, pauses) => {
        const window = createWindow(most);
        const all = Buffer.concat(pieces);
        const reader = async () => {
          const got: Uint8Array[] = [];
          let at = 0;
          for (let turn = 0; ; turn++) {
            for (let i = 0; i < (pauses[turn % (pauses.length || 1)] ?? 0); i++) await Promise.resolve();
            const next = await window.read(at);
            if (next === 'end' || next === 'behind') return { next, got: Buffer.concat(got) };
            got.push(next);
            at += next.length;
          }
        };
        const readers = [reader(), reader(), reader()];
        for (const piece of pieces) {
          window.push(piece);
          await Promise.resolve();
        }
        window.finish();
        for (const { next, got } of await Promise.all(readers)) {
          expect(got.equals(all.subarray(0, got.length))).toBe(true);
          expect(next === 'behind' || got.length === all.length).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
  test('the newest chunk is withheld until the layer is verified', async () => {
    const window = createWindow(1_000);
    window.push(Buffer.from('one'));
    window.push(Buffer.from('two'));
    expect(Buffer.from((await window.read(0)) as Uint8Array).toString()).toBe('one');
    const last = window.read(3);
    window.fail(new Error('not what it says'));
    await expect(last).rejects.toThrow('not what it says');
    await expect(window.read(0)).rejects.toThrow('not what it says');
  });
});
