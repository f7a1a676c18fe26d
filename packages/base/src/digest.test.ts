// Digests of the OCI form, and only those.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestAlgorithm, digestHex, digestOf, finishDigest, newHash, parseDigest } from './digest.ts';

// FIPS 180-2, appendices B.1 and C.1: the digests of "abc".
const abc256 = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const abc512 =
  'sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f';

describe('a digest', () => {
  it('is that of the standard', () => {
    expect(digestOf('abc')).toBe(abc256);
    expect(digestOf(Buffer.from('abc'), 'sha512')).toBe(abc512);
  });

  it('is the same when the bytes come in pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array()),
        fc.constantFrom('sha256' as const, 'sha512' as const),
        (pieces, algorithm) => {
          const hash = newHash(algorithm);
          for (const piece of pieces) hash.update(piece);
          const digest = finishDigest(algorithm, hash);
          expect(digest).toBe(digestOf(Buffer.concat(pieces), algorithm));
          expect(parseDigest(digest)).toBe(digest);
          expect(`${digestAlgorithm(digest)}:${digestHex(digest)}`).toBe(digest);
        },
      ),
    );
  });

  it.each([
    '',
    'sha256:',
    abc256.slice(0, -1),
    `${abc256}0`,
    `${abc256}\n`,
    abc256.toUpperCase(),
    abc256.replace('sha256', 'sha512'),
    abc512.replace('sha512', 'sha256'),
    abc256.replace('sha256', 'md5'),
    ` ${abc256}`,
    `${abc256.slice(0, -3)}../`,
  ])('is not %j', (text) => {
    expect(parseDigest(text)).toBeUndefined();
  });
});
