// Port ranges (`containerPortRange`): as many host ports in a row, from beyond the kernel's own ephemeral ports, so that
// neither the Engine nor outgoing connections take them. Pure; `isFree` asks the machine.
import type { AcsContainer } from '@longshore/aws';
import type { NetworkBinding } from './types.ts';

/** The first port after Linux's usual ephemeral range, and the last there is. */
export const hostRange = { first: 61_000, last: 65_535 } as const;

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `8000-8010`; undefined for what is none. */
export function parseRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  return match && first >= 1 && last <= 65_535 && first < last ? { first, last } : undefined;
}

/**
 * The lowest `count` ports in a row, from `start` on and around, that are all free; undefined if there are none. Asks about each port
 * at most twice.
 */
export async function findFreeRange(
  count: number,
  start: number,
  isFree: (port: number) => Promise<boolean>,
): Promise<PortRange | undefined> {
  const size = hostRange.last - hostRange.first + 1;
  let row = 0;
  for (let step = 0; step < 2 * size; step++) {
    const port = hostRange.first + ((start - hostRange.first + step) % size);
    if (port === hostRange.first) row = 0;
    row = (await isFree(port)) ? row + 1 : 0;
    if (row === count) return { first: port - count + 1, last: port };
  }
  return undefined;
}

/** Bindings as ECS shows them: one for each range, in place of its ports. */
export function foldRanges(container: AcsContainer, bindings: readonly NetworkBinding[]): NetworkBinding[] {
  let rest = [...bindings];
  const folded: NetworkBinding[] = [];
  for (const { containerPortRange, protocol } of container.portMappings) {
    const range = containerPortRange === undefined ? undefined : parseRange(containerPortRange);
    if (!range) continue;
    const inRange = (one: NetworkBinding) =>
      one.protocol === protocol && (one.containerPort ?? 0) >= range.first && (one.containerPort ?? 0) <= range.last;
    const ports = rest.filter(inRange).map((one) => one.hostPort ?? 0);
    const [sample] = rest.filter(inRange);
    if (!sample) continue;
    rest = rest.filter((one) => !inRange(one));
    const hostPortRange = `${Math.min(...ports)}-${Math.max(...ports)}`;
    folded.push({ bindIP: sample.bindIP, containerPortRange, hostPortRange, protocol });
  }
  return [...rest, ...folded];
}
