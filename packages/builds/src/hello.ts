// The hello build artifact, which a first start builds and runs: a page, and a static busybox of this machine to serve it.
import { chmod, copyFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '@longshore/base';
import { isStaticProgram } from './elf.ts';

/** A build artifact in a temporary folder, which is removed when this is disposed of. */
export interface PreparedHello extends AsyncDisposable {
  readonly contextDir: string;
}

const template = fileURLToPath(new URL('../hello', import.meta.url));
const places = ['/bin/busybox', '/usr/bin/busybox', '/usr/local/bin/busybox'];

/** Throws a `UserError` if this machine has no static busybox. `candidates` are the paths to look at. */
export async function prepareHello(candidates: readonly string[] = places): Promise<PreparedHello> {
  const busybox = await findStatic(candidates);
  const contextDir = await mkdtemp(join(tmpdir(), 'longshore-hello-'));
  const remove = () => rm(contextDir, { recursive: true, force: true });
  try {
    await cp(template, contextDir, { recursive: true });
    await copyFile(busybox, join(contextDir, 'busybox'));
    await chmod(join(contextDir, 'busybox'), 0o755);
  } catch (error) {
    await remove();
    throw error;
  }
  return { contextDir, [Symbol.asyncDispose]: remove };
}

async function findStatic(candidates: readonly string[]): Promise<string> {
  for (const path of candidates) if (await isStaticProgram(path)) return path;
  throw new UserError('The hello image needs a static busybox', 'Install it with: apt-get install busybox-static');
}
