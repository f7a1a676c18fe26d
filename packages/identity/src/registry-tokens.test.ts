import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { Principal } from '@longshore/aws';
import { sql } from '@longshore/store';
import { testStores } from '@longshore/store/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { invoke } from './api/testing.ts';
import { rootPrincipal } from './principals.ts';
import { identityMigrations } from './schema.ts';
import { createSealer } from './seal.ts';
import { testClock, testIdentity, testMasterKey } from './testing.ts';

type Part = Readonly<Record<string, unknown>>;

function encode(part: Part): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function decode(part: string | undefined): Part {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as Part;
}

function hs256(header: Part, payload: Part, key: Uint8Array | string): string {
  const body = `${encode(header)}.${encode(payload)}`;
  return `${body}.${createHmac('sha256', key).update(body).digest('base64url')}`;
}

const scopes = [{ type: 'repository', name: 'web', actions: ['pull', 'push'] }];

describe.each([...testStores()])('registry tokens on $name', (backEnd) => {
  async function open() {
    const opened = await backEnd.open(identityMigrations);
    onTestFinished(() => opened.close());
    const { store } = opened;
    const clock = testClock();
    const identity = testIdentity(store, clock);
    const { account } = await identity.bootstrap();
    const root = rootPrincipal(account.id);
    await invoke(identity, identity.iam, root, 'CreateUser', { UserName: 'ann' });
    const made = await invoke(identity, identity.iam, root, 'CreateAccessKey', { UserName: 'ann' });
    const keyId = (made.AccessKey as { AccessKeyId: string }).AccessKeyId;
    const ann = (await identity.credentials.find(keyId))?.principal as Principal;
    const secret = await store.get<{ sealed: Uint8Array }>(sql`SELECT sealed FROM iam_secrets`);
    /** The real signing key, to make tokens that are right but for one thing. */
    const key = createSealer(testMasterKey).open('registry-token-key', secret?.sealed ?? new Uint8Array());
    return { store, clock, identity, tokens: identity.registryTokens, root, ann, keyId, key };
  }

  it('say who holds them, with the scopes of a bearer token', async () => {
    const { tokens, ann, clock } = await open();
    const password = await tokens.issuePassword(ann);
    const bearer = await tokens.issueBearer(ann, scopes);
    expect(await tokens.verifyPassword(password.token)).toEqual({ principal: ann, expiresAt: password.expiresAt });
    expect(await tokens.verifyBearer(bearer.token)).toEqual({ principal: ann, scopes, expiresAt: bearer.expiresAt });
    expect(password.expiresAt - clock.now()).toBe(12 * 3600_000);
    expect(bearer.expiresAt - clock.now()).toBe(15 * 60_000);
  });

  it('are good on every replica', async () => {
    const { store, clock, tokens, ann } = await open();
    const { token } = await tokens.issuePassword(ann);
    expect((await testIdentity(store, clock).registryTokens.verifyPassword(token))?.principal).toEqual(ann);
  });

  it('end when their time is over', async () => {
    const { tokens, ann, clock } = await open();
    const password = await tokens.issuePassword(ann);
    const bearer = await tokens.issueBearer(ann, []);
    clock.advance(15 * 60_000 - 1000);
    expect(await tokens.verifyBearer(bearer.token)).toBeDefined();
    clock.advance(10_000);
    expect(await tokens.verifyBearer(bearer.token)).toBeUndefined();
    expect(await tokens.verifyPassword(password.token)).toBeDefined();
    clock.advance(12 * 3600_000);
    expect(await tokens.verifyPassword(password.token)).toBeUndefined();
  });

  it('end with their user, and with the last active key of it', async () => {
    const { identity, tokens, root, ann, keyId } = await open();
    const { token } = await tokens.issuePassword(ann);
    const iam = (name: string, input: object) =>
      invoke(identity, identity.iam, root, name, { UserName: 'ann', ...input });
    expect(await tokens.verifyPassword(token)).toBeDefined();
    await iam('UpdateAccessKey', { AccessKeyId: keyId, Status: 'Inactive' });
    expect(await tokens.verifyPassword(token)).toBeUndefined();
    await iam('UpdateAccessKey', { AccessKeyId: keyId, Status: 'Active' });
    expect(await tokens.verifyPassword(token)).toBeDefined();
    await iam('DeleteAccessKey', { AccessKeyId: keyId });
    await iam('DeleteUser', {});
    expect(await tokens.verifyPassword(token)).toBeUndefined();
    // Another user of the same name is another user.
    await iam('CreateUser', {});
    await iam('CreateAccessKey', {});
    expect(await tokens.verifyPassword(token)).toBeUndefined();
  });

  it('end within two seconds when another replica removes their key', async () => {
    const { store, clock, tokens, root, ann, keyId } = await open();
    const { token } = await tokens.issuePassword(ann);
    expect(await tokens.verifyPassword(token)).toBeDefined();
    const other = testIdentity(store, clock);
    await invoke(other, other.iam, root, 'DeleteAccessKey', { UserName: 'ann', AccessKeyId: keyId });
    clock.advance(2000);
    expect(await tokens.verifyPassword(token)).toBeUndefined();
  });

  it('are checked in full however often they were seen: time, use and every byte', async () => {
    const { tokens, ann, clock } = await open();
    const bearer = (await tokens.issueBearer(ann, scopes)).token;
    for (let i = 0; i < 3; i += 1) expect(await tokens.verifyBearer(bearer)).toBeDefined();
    expect(await tokens.verifyPassword(bearer)).toBeUndefined();
    for (const at of [5, 60, bearer.length - 9]) {
      const other = bearer[at] === 'A' ? 'B' : 'A';
      expect(await tokens.verifyBearer(`${bearer.slice(0, at)}${other}${bearer.slice(at + 1)}`)).toBeUndefined();
    }
    clock.advance(-60_000);
    expect(await tokens.verifyBearer(bearer)).toBeUndefined();
    clock.advance(60_000);
    expect(await tokens.verifyBearer(bearer)).toBeDefined();
    clock.advance(15 * 60_000 + 4_000);
    expect(await tokens.verifyBearer(bearer)).toBeDefined();
    clock.advance(1_000);
    expect(await tokens.verifyBearer(bearer)).toBeUndefined();
  });

  it('are not made with too many scopes or without bounds', async () => {
    const { tokens, ann } = await open();
    const many = Array.from({ length: 33 }, () => scopes[0] ?? { type: '', name: '', actions: [] });
    await expect(tokens.issueBearer(ann, many)).rejects.toThrow(RangeError);
    const long = Array.from({ length: 32 }, () => ({ type: 'repository', name: 'n'.repeat(500), actions: [] }));
    await expect(tokens.issueBearer(ann, long)).rejects.toThrow(RangeError);
  });

  it('are refused when anything about them is wrong', async () => {
    const { tokens, identity, ann, root, key, clock } = await open();
    const { token } = await tokens.issuePassword(ann);
    const bearer = (await tokens.issueBearer(ann, scopes)).token;
    const [head, body, signature] = token.split('.');
    const header = decode(head);
    const payload = decode(body);
    const seconds = Math.floor(clock.now() / 1000);
    // The control: what the attacks below are built from is accepted when nothing is changed.
    expect(await tokens.verifyPassword(hs256(header, payload, key))).toBeDefined();

    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url') };
    const foreign = await identity.createAccount('other');
    const unsigned = `${encode({ ...header, alg: 'none' })}.${body}.`;
    const rs256Body = `${encode({ ...header, alg: 'RS256' })}.${body}`;
    const rs256 = `${rs256Body}.${sign('sha256', Buffer.from(rs256Body), rsa.privateKey).toString('base64url')}`;
    const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string;

    const attacks: Readonly<Record<string, string>> = {
      'not a token': 'hello',
      empty: '',
      'two parts': `${head}.${body}`,
      'no signature': `${head}.${body}.`,
      'forged with another key': hs256(header, payload, randomBytes(32)),
      'forged with an empty key': hs256(header, payload, ''),
      'alg none': unsigned,
      'alg None with the signature kept': `${encode({ ...header, alg: 'None' })}.${body}.${signature}`,
      'RS256 with a key of the forger': rs256,
      'HS256 keyed with a public key': hs256(header, payload, publicPem),
      'HS512 with the right key': hs256({ ...header, alg: 'HS512' }, payload, key),
      'jwk header, signed with it': hs256({ ...header, jwk }, payload, Buffer.alloc(32, 1)),
      'jwk header, rightly signed': hs256({ ...header, jwk }, payload, key),
      'jku header': hs256({ ...header, jku: 'http://127.0.0.1/keys' }, payload, key),
      'kid header': hs256({ ...header, kid: '../../dev/null' }, payload, key),
      'x5c header': hs256({ ...header, x5c: ['MII'] }, payload, key),
      'crit header': hs256({ ...header, crit: ['exp'] }, payload, key),
      'tampered payload': `${head}.${encode({ ...payload, sub: root.userId })}.${signature}`,
      'tampered header': `${encode({ ...header, typ: 'JWT' })}.${body}.${signature}`,
      'tampered signature': `${head}.${body}.${signature?.replace(/^./, (char) => (char === 'A' ? 'B' : 'A'))}`,
      expired: hs256(header, { ...payload, exp: seconds - 6 }, key),
      'not yet valid': hs256(header, { ...payload, nbf: seconds + 60 }, key),
      'issued in the future': hs256(header, { ...payload, iat: seconds + 60 }, key),
      'older than its use allows': hs256(header, { ...payload, iat: seconds - 13 * 3600 }, key),
      'without end': hs256(header, { ...payload, exp: undefined }, key),
      'without beginning': hs256(header, { ...payload, nbf: undefined }, key),
      'an end that is no number': hs256(header, { ...payload, exp: 'never' }, key),
      'another issuer': hs256(header, { ...payload, iss: 'other' }, key),
      'another audience': hs256(header, { ...payload, aud: 'longshore:registry:bearer' }, key),
      'another type': hs256({ ...header, typ: 'longshore-bearer+jwt' }, payload, key),
      'a bearer token': bearer,
      'scopes in a password': hs256(header, { ...payload, access: scopes }, key),
      'another account': hs256(header, { ...payload, account: foreign.account.id }, key),
      'a user that never was': hs256(header, { ...payload, sub: 'AIDAAAAAAAAAAAAAAAAAA' }, key),
      'an account that never was': hs256(header, { ...payload, sub: '123456789012', account: '123456789012' }, key),
      'no subject': hs256(header, { ...payload, sub: undefined }, key),
      oversize: hs256(header, { ...payload, padding: 'x'.repeat(4096) }, key),
    };
    const accepted: string[] = [];
    for (const [name, attack] of Object.entries(attacks)) {
      if ((await tokens.verifyPassword(attack)) !== undefined) accepted.push(name);
      if (name !== 'a bearer token' && (await tokens.verifyBearer(attack)) !== undefined)
        accepted.push(`${name}, as bearer`);
    }
    expect(accepted).toEqual([]);
    expect(await tokens.verifyBearer(token)).toBeUndefined();

    const [bearerHead, bearerBody] = bearer.split('.');
    const without = hs256(decode(bearerHead), { ...decode(bearerBody), access: undefined }, key);
    const odd = hs256(decode(bearerHead), { ...decode(bearerBody), access: 'all' }, key);
    expect([await tokens.verifyBearer(without), await tokens.verifyBearer(odd)]).toEqual([undefined, undefined]);
  });
});
