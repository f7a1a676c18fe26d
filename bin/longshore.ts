// Composes the longshore command: the command line, and the server and the agent for the commands that run them.
import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CliParts } from '@longshore/cli';

// In a folder of the user's own: the usual place, a shared one, would let another user plant code.
enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'longshore', 'node'));

// A reader that has gone (`longshore ps | head`) is no fault.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
});

const { processIo, runCli } = await import('@longshore/cli');
const { systemClock } = await import('@longshore/base');

const parts: CliParts = {
  version: versionOf(readFileSync(new URL('../package.json', import.meta.url), 'utf8')),
  program: fileURLToPath(import.meta.url),
  async up() {
    const { consoleLogger, readSettings, settingsTable, startServer } = await import('@longshore/server');
    return { consoleLogger, readSettings, settingsTable, startServer };
  },
  async agent() {
    const { createAgent } = await import('@longshore/agent');
    return { createAgent };
  },
  io: processIo(),
  clock: systemClock,
};

function versionOf(manifest: string): string {
  const parsed: unknown = JSON.parse(manifest);
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}

process.exit(await runCli(process.argv.slice(2), parts));
