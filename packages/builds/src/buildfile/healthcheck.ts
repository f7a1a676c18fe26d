// HEALTHCHECK: kept in the config as Docker does, so that Engines that know it use it.
import type { Healthcheck, ImageState } from '../image-state.ts';
import { lineError } from './errors.ts';
import type { Instruction } from './parse.ts';
import { execForm } from './values.ts';

const durationFlags = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
} as const;

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

export function parseHealthcheck(state: ImageState, instruction: Instruction): Healthcheck {
  const { line, rest } = instruction;
  if (/^NONE$/i.test(rest)) return { Test: ['NONE'] };
  const command = /^CMD\s+([\s\S]+)$/i.exec(rest)?.[1];
  if (command === undefined) throw lineError(line, 'HEALTHCHECK needs CMD and a command, or NONE');
  const exec = execForm(command);
  const isDefaultShell = state.shell.join(' ') === '/bin/sh -c';
  const shellTest = isDefaultShell ? ['CMD-SHELL', command] : ['CMD', ...state.shell, command];
  return { Test: exec === undefined ? shellTest : ['CMD', ...exec], ...settings(instruction) };
}

function settings({ line, flags }: Instruction): Omit<Healthcheck, 'Test'> {
  const entries = [...flags].map(([name, value]): [string, number] => {
    if (name === 'retries') {
      if (!/^[1-9][0-9]{0,5}$/.test(value)) throw lineError(line, '--retries needs a number from 1');
      return ['Retries', Number(value)];
    }
    if (!Object.hasOwn(durationFlags, name)) throw lineError(line, `HEALTHCHECK has no flag --${name}`);
    return [durationFlags[name as keyof typeof durationFlags], parseDuration(value, name, line)];
  });
  return Object.fromEntries(entries);
}

/** A Go duration such as `1m30s`, in nanoseconds. */
function parseDuration(text: string, name: string, line: number): number {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) {
    throw lineError(line, `--${name} needs a duration such as 30s or 1m30s`);
  }
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (nanoseconds[unit ?? ''] ?? 0), 0);
  if (total !== 0 && total < 1e6) throw lineError(line, `--${name} is shorter than 1ms`);
  return Math.round(total);
}
