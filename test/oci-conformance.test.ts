// The official conformance suite of the OCI distribution specification, against a Longshore as a user starts it, logged in
// as clients do. It is built by `script/go-tools conformance`; where it is absent these tests skip, and the same ground is
// covered by packages/registry/src/oci-*.test.ts.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tryRun } from './support/command.ts';
import { goTool } from './support/go-tools.ts';
import { registryPassword } from './support/login.ts';
import { type Longshore, startLongshore } from './support/longshore.ts';
import { systemStores } from './support/stores.ts';

const suite = goTool('conformance') ?? '';
/** Version, tests that it has, and how many of these its own defaults leave out. */
const versions = [
  ['1.0', 858, 8],
  ['1.1', 862, 2],
  ['dev', 986, 0],
] as const;

interface Counts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
  readonly disabled: number;
}

/** The counts of the first test suite of a junit file. */
function readCounts(junit: string): Counts {
  const head = /<testsuite ([^>]*)>/.exec(junit)?.[1] ?? '';
  const count = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  return {
    tests: count('tests'),
    failures: count('failures'),
    errors: count('errors'),
    skipped: count('skipped'),
    disabled: count('disabled'),
  };
}

/** The names of test cases that failed, for the message. */
function failedCases(junit: string): string[] {
  return [...junit.matchAll(/<testcase [^>]*name="([^"]*)"[^>]*>\s*<(?:failure|error)/g)].map(
    (match) => match[1] ?? '',
  );
}

describe.skipIf(suite === '').each(systemStores)(
  'on $name (the suite comes from script/go-tools; needs Go)',
  (store) => {
    let longshore: Longshore;
    let drop: () => Promise<void>;
    let password: string;
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'conformance-'));
      const created = await store.create();
      drop = created.drop;
      longshore = await startLongshore({ store: created.url, args: ['--no-agent'] });
      password = await registryPassword(longshore);
    });

    afterAll(async () => {
      await longshore?.[Symbol.asyncDispose]();
      await drop?.();
      rmSync(folder, { recursive: true, force: true });
    });

    test.each(versions)(
      'version %s: %i tests, none failed, none skipped',
      async (version, tests, disabled) => {
        const ran = await tryRun(suite, [], {
          cwd: folder,
          timeoutMs: 170_000,
          env: {
            OCI_REGISTRY: longshore.host,
            OCI_TLS: 'disabled',
            OCI_REPO1: `conformance/v${version}/one`,
            OCI_REPO2: `conformance/v${version}/two`,
            OCI_VERSION: version,
            OCI_USERNAME: 'AWS',
            OCI_PASSWORD: password,
            OCI_RESULTS_DIR: join(folder, version),
          },
        });
        // A set-up error ends with 0 and without results.
        const junit = readFileSync(join(folder, version, 'junit.xml'), 'utf8');
        expect([failedCases(junit), readCounts(junit)], ran.stdout + ran.stderr).toEqual([
          [],
          { tests, failures: 0, errors: 0, skipped: 0, disabled },
        ]);
      },
      180_000,
    );
  },
);
