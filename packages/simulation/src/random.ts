// Everything random of a simulation comes from its seed: the world's own dice, and the randomness that the code under
// test takes from Node (identifiers, jitter).
import { syncBuiltinESMExports } from 'node:module';

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [from, to). */
  int(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded by one number. */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x243f6a88 ^ Math.imul(seed, 0x85ebca6b);
  let c = 0xb7e15162;
  let counter = 1;
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 15; i++) next();
  return {
    next,
    int: (from, to) => from + Math.floor(next() * (to - from)),
    chance: (probability) => next() < probability,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error('there is nothing to pick from');
      return list[Math.floor(next() * list.length)] as T;
    },
  };
}

function bytesOf(random: Random, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = random.int(0, 256);
  return bytes;
}

function uuidOf(random: Random): string {
  const hex = bytesOf(random, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Puts seeded dice in the place of this process's own, for all code in it, until `restore`. */
export function takeOverRandomness(): { reseed(seed: number): void; restore(): void } {
  const crypto = process.getBuiltinModule('node:crypto') as unknown as Record<string, unknown>;
  const own = { random: Math.random, randomBytes: crypto['randomBytes'], randomUUID: crypto['randomUUID'] };
  let random = seededRandom(0);
  Math.random = () => random.next();
  crypto['randomBytes'] = (size: number) => bytesOf(random, size);
  crypto['randomUUID'] = () => uuidOf(random);
  syncBuiltinESMExports();
  return {
    reseed(seed) {
      random = seededRandom(seed ^ 0x5bd1e995);
    },
    restore() {
      Math.random = own.random;
      crypto['randomBytes'] = own.randomBytes;
      crypto['randomUUID'] = own.randomUUID;
      syncBuiltinESMExports();
    },
  };
}
