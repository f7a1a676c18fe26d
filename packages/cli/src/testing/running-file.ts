// For tests: the file in which a running server says where it is.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes `longshore.json` for the process `pid`. */
export async function writeRunningFile(folder: string, url: string, pid: number): Promise<void> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const running = { pid, startTime, url, region: 'us-east-1', account: '111122223333', version: '0' };
  await writeFile(join(folder, 'longshore.json'), JSON.stringify(running));
}
