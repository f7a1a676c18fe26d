// Parsing and deciding, without I/O: names, paths, ranges, manifests, tag mutability.
import { digestOf, parseAccountId } from '@longshore/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RegistryError } from './errors.ts';
import { mediaTypes, parseManifest } from './manifest.ts';
import { parseReference, parseRepositoryName, resolvePathName } from './names.ts';
import { accepts } from './oci/manifests.ts';
import { readContentRange, readRange } from './oci/ranges.ts';
import { routeOf } from './oci/routes.ts';
import { parseScope } from './oci/token.ts';
import { descriptorText } from './referrers.ts';
import { matchesWildcard, mayOverwrite } from './tag-mutability.ts';

const own = parseAccountId('111122223333');
if (!own) throw new Error('account');

describe('names', () => {
  test('twelve digits first are an account, if something follows', () => {
    expect(resolvePathName('444455556666/a/b', own)).toEqual({ account: '444455556666', name: 'a/b' });
    expect(resolvePathName('444455556666', own)).toEqual({ account: own, name: '444455556666' });
    expect(resolvePathName('44445555666/ab', own)).toEqual({ account: own, name: '44445555666/ab' });
    expect(resolvePathName('444455556666/A', own)).toBeUndefined();
  });

  test('the grammar of the specification', () => {
    for (const good of ['ab', 'a/b', 'a.b', 'a__b', 'a---b/c', 'a'.repeat(255)])
      expect(parseRepositoryName(good)).toBe(good);
    for (const bad of ['a', '', 'a/', '/a', 'a..b', 'a___b', 'a.-b', 'A/b', 'a b', 'ä/b', 'a'.repeat(256)]) {
      expect([bad, parseRepositoryName(bad)]).toEqual([bad, undefined]);
    }
  });

  test('any text is read in little time', () => {
    const started = process.cpuUsage();
    parseRepositoryName(`${'a-'.repeat(120)}!`);
    parseRepositoryName(`${'a_'.repeat(120)}!`);
    expect(process.cpuUsage(started).user).toBeLessThan(100_000);
  });

  test('references are a digest or a tag', () => {
    const digest = digestOf('x');
    expect(parseReference(digest)).toEqual({ digest });
    expect(parseReference('v1.0-rc_1')).toEqual({ tag: 'v1.0-rc_1' });
    for (const bad of ['sha256:xyz', '.x', '-x', 'a/b', '']) expect(parseReference(bad)).toBeUndefined();
  });

  test('a scope keeps the colons of its name', () => {
    expect(parseScope('repository:host:80/a/b:pull,push')).toEqual({
      type: 'repository',
      name: 'host:80/a/b',
      actions: ['pull', 'push'],
    });
    expect(parseScope('pull')).toBeUndefined();
  });
});

describe('routes', () => {
  test('names may look like parts of paths', () => {
    const digest = digestOf('x');
    expect(routeOf(`/v2/a/blobs/uploads/blobs/${digest}`)).toEqual({
      kind: 'blob',
      name: 'a/blobs/uploads',
      item: digest,
    });
    expect(routeOf('/v2/a/manifests/tags/list')).toEqual({ kind: 'tags', name: 'a/manifests' });
    expect(routeOf('/v2/a/b/blobs/uploads')).toEqual({ kind: 'uploads', name: 'a/b' });
    expect(routeOf(`/v2/a/blobs/${digest.replace(':', '%3A')}`)).toEqual({ kind: 'blob', name: 'a', item: digest });
    expect(routeOf('/v2/_layers/abc')).toEqual({ kind: 'download', item: 'abc' });
    expect(routeOf('/v3/')).toBeUndefined();
  });
});

describe('ranges', () => {
  test('satisfiable ranges lie inside of the blob, in order, apart, and cover just what was asked for', () => {
    const bound = fc.option(fc.nat(60));
    fc.assert(
      fc.property(fc.nat(40), fc.array(fc.tuple(bound, bound), { minLength: 1, maxLength: 8 }), (size, wanted) => {
        const answer = readRange(`bytes=${wanted.map(([from, to]) => `${from ?? ''}-${to ?? ''}`).join(', ')}`, size);
        expect(answer === 'whole').toBe(wanted.some(([from, to]) => from === null && to === null));
        const asked = (at: number) =>
          wanted.some(([from, to]) => (from === null ? at >= size - (to ?? 0) : at >= from && at <= (to ?? size)));
        const bytes = Array.from({ length: size }, (_, at) => at).filter(asked);
        const got = typeof answer === 'string' ? [] : answer;
        const sent = got.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
        expect(sent).toEqual(answer === 'whole' ? [] : bytes);
        for (const [i, range] of got.entries()) expect(range.first).toBeGreaterThan((got[i - 1]?.last ?? -2) + 1);
      }),
    );
  });

  test('chunks have a range without a unit', () => {
    expect(readContentRange('0-9')).toEqual({ first: 0, last: 9 });
    for (const bad of ['bytes 0-9', '9-0', '0-', '-9', '0-9/10', 'x']) expect(readContentRange(bad)).toBeUndefined();
  });
});

function outcomeOf(bytes: Uint8Array, type: string | undefined): string {
  try {
    parseManifest(bytes, type);
    return 'read';
  } catch (error) {
    return error instanceof RegistryError ? 'refused' : String(error);
  }
}

describe('manifests', () => {
  test('whatever the bytes are, they are read or refused', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
      fc
        .record(
          {
            schemaVersion: fc.constantFrom(2, 1, '2'),
            mediaType: fc.constantFrom(...Object.values(mediaTypes), 7),
            config: fc.anything(),
            layers: fc.anything(),
            manifests: fc.anything(),
            subject: fc.anything(),
            annotations: fc.anything(),
          },
          { requiredKeys: [] },
        )
        .map((value) =>
          Buffer.from(JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? 1 : each)) ?? ''),
        ),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom(undefined, ...Object.values(mediaTypes)), (bytes, type) => {
        expect(outcomeOf(bytes, type)).toMatch(/^(?:read|refused)$/);
      }),
    );
  });

  test('brackets in texts are not nesting', () => {
    const annotations = { a: `"${'['.repeat(500)}\\` };
    const body = { schemaVersion: 2, manifests: [], annotations };
    expect(parseManifest(Buffer.from(JSON.stringify(body)), mediaTypes.ociIndex).annotations).toEqual(annotations);
  });

  test('Accept', () => {
    expect(accepts(undefined, mediaTypes.ociManifest)).toBe(true);
    expect(accepts('text/html, application/vnd.OCI.image.manifest.v1+json; q=1', mediaTypes.ociManifest)).toBe(true);
    expect(accepts('text/html', mediaTypes.ociManifest)).toBe(false);
    expect(accepts(`${mediaTypes.ociManifest};q=0.000, text/html`, mediaTypes.ociManifest)).toBe(false);
    expect(accepts(`${mediaTypes.ociManifest}; q=0.001`, mediaTypes.ociManifest)).toBe(true);
  });
});

describe('tag mutability', () => {
  test('a wildcard matches like the expression it stands for', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(letters, text, (pattern, tag) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(matchesWildcard(pattern, tag)).toBe(expression.test(tag));
      }),
    );
  });

  test('exclusions turn the setting around', () => {
    const settings = { exclusions: ['dev*'] };
    expect(mayOverwrite({ tagMutability: 'IMMUTABLE_WITH_EXCLUSION', settings }, 'dev1')).toBe(true);
    expect(mayOverwrite({ tagMutability: 'IMMUTABLE_WITH_EXCLUSION', settings }, 'v1')).toBe(false);
    expect(mayOverwrite({ tagMutability: 'MUTABLE_WITH_EXCLUSION', settings }, 'dev1')).toBe(false);
    expect(mayOverwrite({ tagMutability: 'MUTABLE', settings: {} }, 'v1')).toBe(true);
    expect(mayOverwrite({ tagMutability: 'IMMUTABLE', settings: {} }, 'v1')).toBe(false);
  });
});

test('the text of a referrer is the JSON of its descriptor', () => {
  const texts = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(
      fc.string(),
      fc.option(fc.string()),
      fc.option(texts),
      fc.nat(),
      (mediaType, type, annotations, size) => {
        const digest = digestOf(mediaType);
        const [artifactType, given] = [type ?? undefined, annotations ?? undefined];
        const stored = given && JSON.stringify(given);
        const text = descriptorText({ digest, mediaType, artifactType, size, annotations: stored });
        const whole = { mediaType, digest, size, artifactType, annotations: given };
        expect(text).toBe(JSON.stringify(whole));
      },
    ),
    { numRuns: 200 },
  );
});
