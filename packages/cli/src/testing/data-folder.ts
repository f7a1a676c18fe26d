// For tests: a data folder as a running server leaves it.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestFolder {
  readonly path: string;
  /** Writes `longshore.json` for process `pid` (default: this one), and `credentials.json`. */
  fill(url: string, pid?: number): Promise<void>;
  remove(): Promise<void>;
}

export async function testFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'longshore-cli-'));
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
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

export async function writeRunningFile(folder: string, url: string, pid: number): Promise<void> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const running = { pid, startTime, url, region: 'us-east-1', account: '111122223333', version: '0' };
  await writeFile(join(folder, 'longshore.json'), JSON.stringify(running));
}
