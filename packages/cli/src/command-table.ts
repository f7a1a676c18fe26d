// The commands, with the sentence that the help says of each. A command's module is loaded only when it is called.
import type { Command } from 'commander';
import type { CliParts } from './types.ts';

/** Fills in one command: its arguments, options, examples and action. `argv` is the whole command line. */
export type Define = (command: Command, parts: CliParts, argv: readonly string[]) => void | Promise<void>;

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly define: Define }>;
}

export const commandTable: readonly CommandEntry[] = Object.freeze([
  entry('up', 'start Longshore on this machine', () => import('./commands/up.ts')),
  entry('down', 'stop the Longshore of this machine', () => import('./commands/down.ts')),
  entry('env', 'print shell exports for docker, aws and the SDKs', () => import('./commands/env.ts')),
  entry('status', 'show the server, its registry and its clusters', () => import('./commands/status.ts')),
  entry('ps', 'list tasks and their containers', () => import('./commands/ps.ts')),
  entry('top', 'watch what containers use', () => import('./commands/top.ts')),
  entry('run', 'run an image as a task or a service', () => import('./commands/run.ts')),
  entry('why', 'say why a task or a service does not run', () => import('./commands/why.ts')),
  entry('logs', 'show the output of a container', () => import('./commands/logs.ts')),
  entry('exec', 'run a command in a running container', () => import('./commands/exec.ts')),
  entry('stop', 'stop tasks or services', () => import('./commands/stop.ts')),
  entry('cluster', 'create, list and delete clusters', () => import('./commands/cluster.ts')),
  entry('images', 'list stored images', () => import('./commands/images.ts')),
  entry('registry', 'collect what nothing needs; report what is stored', () => import('./commands/registry.ts')),
  entry('account', 'create and list accounts', () => import('./commands/account.ts')),
  entry('agent', 'run containers on this machine for a server elsewhere', () => import('./commands/agent.ts')),
]);

function entry(name: string, summary: string, load: CommandEntry['load']): CommandEntry {
  return Object.freeze({ name, summary, load });
}
