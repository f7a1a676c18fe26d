import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSealer, UnsealError } from './seal.ts';

const secret = Buffer.from('wJalrXUtnFEMI');

describe('sealing', () => {
  const sealer = createSealer(randomBytes(32));

  it('opens what it sealed, and never seals twice alike', () => {
    const [one, two] = [sealer.seal('a', secret), sealer.seal('a', secret)];
    expect(Buffer.from(sealer.open('a', one))).toEqual(secret);
    expect(one).not.toEqual(two);
    expect(Buffer.from(one).includes(secret)).toBe(false);
  });

  it('opens nothing for another purpose or under another key', () => {
    const sealed = sealer.seal('a', secret);
    expect(() => sealer.open('b', sealed)).toThrow(UnsealError);
    expect(() => createSealer(randomBytes(32)).open('a', sealed)).toThrow(UnsealError);
  });

  it('opens nothing that was altered or cut at any place', () => {
    const sealed = sealer.seal('a', secret);
    for (let i = 0; i < sealed.length; i++) {
      const altered = Uint8Array.from(sealed, (byte, at) => (at === i ? byte ^ 1 : byte));
      expect(() => sealer.open('a', altered)).toThrow(UnsealError);
      expect(() => sealer.open('a', sealed.subarray(0, i))).toThrow(UnsealError);
    }
  });

  it('refuses a master key of another length', () => {
    expect(() => createSealer(new Uint8Array(31))).toThrow(RangeError);
  });
});
