// For tests: a data folder as a running server leaves it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { writeRunningFile } from './running-file.ts';

export interface TestFolder {
  readonly path: string;
  /** Writes `longshore.json` for process `pid` (default: this one), and `credentials.json`. */
  fill(url: string, pid?: number): Promise<void>;
}

/** A new folder, gone after the test. */
export async function testFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'longshore-cli-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return {
    path,
    async fill(url, pid = process.pid) {
      await writeRunningFile(path, url, pid);
      const credentials = {
        accessKeyId: 'AKIA',
        secretAccessKey: "s'e c",
        account: '111122223333',
        region: 'us-east-1',
      };
      await writeFile(join(path, 'credentials.json'), JSON.stringify(credentials), { mode: 0o600 });
    },
  };
}
