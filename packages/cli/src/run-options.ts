// The values of `longshore run`'s options, checked as commander reads them.
import { InvalidArgumentError } from 'commander';

export interface Publish {
  /** 0 = any free port. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
}

/** `8080:80`, `80` (any free port of the machine), `53:53/udp`. */
export function parsePublish(text: string): Publish {
  const match = /^(?:(\d{1,5}):)?(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  const hostPort = Number(match?.[1] ?? 0);
  const containerPort = Number(match?.[2] ?? 0);
  if (!match || hostPort > 65_535 || containerPort < 1 || containerPort > 65_535) {
    throw new InvalidArgumentError(
      'Write HOSTPORT:CONTAINERPORT or CONTAINERPORT, with /udp if need be: 8080:80, 80, 53:53/udp.',
    );
  }
  return { hostPort, containerPort, protocol: match[3] === 'udp' ? 'udp' : 'tcp' };
}

const memoryUnits: Readonly<Record<string, number>> = { '': 1, m: 1, g: 1024 };

/** MiB of `256`, `256m` or `1g`. ECS wants 6 MiB at least. */
export function parseMemory(text: string): number {
  const match = /^(\d{1,9})([mg]?)(?:i?b)?$/i.exec(text);
  const mib = Number(match?.[1] ?? 0) * (memoryUnits[match?.[2]?.toLowerCase() ?? ''] ?? 0);
  if (!match || mib < 6) throw new InvalidArgumentError('Write MiB or a unit, 6 MiB at least: 256, 256m, 1g.');
  return mib;
}

/** ECS's CPU units (1,024 a core) of a number of cores: `0.25`, `2`. */
export function parseCpu(text: string): number {
  const units = /^\d{1,4}(\.\d{1,4})?$/.test(text) ? Math.round(Number(text) * 1024) : 0;
  if (units < 2) throw new InvalidArgumentError('Write a number of cores: 0.25, 1, 2.');
  return units;
}

export interface Variable {
  readonly name: string;
  readonly value: string;
}

/** `NAME=VALUE`, or `NAME` alone for the value in this shell. */
export function parseVariable(text: string, env: Readonly<Record<string, string | undefined>>): Variable {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  if (!/^[^\s=\0]+$/.test(name)) throw new InvalidArgumentError('Write NAME=VALUE.');
  if (equals >= 0) return { name, value: text.slice(equals + 1) };
  const value = env[name];
  if (value === undefined) throw new InvalidArgumentError(`${name} is not set in this shell; write ${name}=VALUE.`);
  return { name, value };
}

/** A whole number from 1 to `max`. */
export function parseCount(max: number): (text: string) => number {
  return (text) => {
    const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (count < 1 || count > max) throw new InvalidArgumentError(`Write a whole number from 1 to ${max}.`);
    return count;
  };
}

/** Seconds, as an option. */
export const parseSeconds = parseCount(86_400);

/** A name that ECS takes for families, containers and services. */
export function parseName(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(text)) {
    throw new InvalidArgumentError('Use 1 to 255 letters, digits, _ and -.');
  }
  return text;
}

/** Collects the values of an option that may be given several times. */
export function collect<T>(
  parse: (text: string) => T,
): (text: string, earlier: readonly T[] | undefined) => readonly T[] {
  return (text, earlier = []) => [...earlier, parse(text)];
}
