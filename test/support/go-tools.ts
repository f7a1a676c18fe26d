// Programs that only Go can build, where `script/go-tools` (or the user) has put them.
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findExecutable } from './command.ts';

const built =
  process.env.LONGSHORE_GO_BIN ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'longshore', 'go-bin');

/** The path of `name`, or undefined if it was not built and is not installed. */
export function goTool(name: string): string | undefined {
  const folders = [built, ...(process.env.PATH ?? '').split(delimiter).filter(Boolean)];
  return findExecutable(...folders.map((folder) => join(folder, name)));
}
