// Sealed text: what this server hands out to get it back unchanged (page tokens, download URLs). An HMAC with a key that
// only the server holds binds the payload to its purpose; the key is made once and kept in the store, for all replicas.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Store, sql } from '@longshore/store';

export interface Sealer {
  seal(purpose: string, payload: unknown): Promise<string>;
  /** The payload, or undefined if the text was made for another purpose, tampered with, or is no sealed text at all. */
  open(purpose: string, text: string): Promise<unknown>;
}

const keyId = 'seal-1';
const maxLength = 4_096;

async function loadKey(store: Store): Promise<Buffer> {
  const fresh = randomBytes(32).toString('hex');
  const read = () => store.get<{ value: string }>(sql`SELECT value FROM registry_keys WHERE id = ${keyId}`);
  const held = await read();
  if (held) return Buffer.from(held.value, 'hex');
  await store.write([
    { sql: sql`INSERT INTO registry_keys (id, value) VALUES (${keyId}, ${fresh}) ON CONFLICT (id) DO NOTHING` },
  ]);
  const made = await read();
  if (!made) throw new Error('The sealing key was not stored');
  return Buffer.from(made.value, 'hex');
}

function sign(key: Buffer, purpose: string, body: string): Buffer {
  return createHmac('sha256', key).update(`${purpose}\n${body}`).digest();
}

export function createSealer(store: Store): Sealer {
  let loading: Promise<Buffer> | undefined;

  function key(): Promise<Buffer> {
    loading ??= loadKey(store).catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  }

  return {
    async seal(purpose, payload) {
      const body = Buffer.from(JSON.stringify(payload)).toString('base64url');
      return `${body}.${sign(await key(), purpose, body).toString('base64url')}`;
    },
    async open(purpose, text) {
      const dot = text.indexOf('.');
      if (dot < 0 || text.length > maxLength) return undefined;
      const body = text.slice(0, dot);
      const given = Buffer.from(text.slice(dot + 1), 'base64url');
      const wanted = sign(await key(), purpose, body);
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
      return JSON.parse(Buffer.from(body, 'base64url').toString()) as unknown;
    },
  };
}
