// kill -9 while a layer that is stored already arrives again: the upload is there and empty, the layer is whole where it was, and
// the push can be made again.
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, startLongshore, until } from './support/longshore.ts';
import { registryAuthorization } from './support/push.ts';

test('a server that is killed midway has written nothing of the layer and lost nothing of it', async () => {
  const port = await freePort();
  const options = { port, args: ['--no-agent'] };
  let longshore = await startLongshore(options);
  try {
    const authorization = await registryAuthorization(longshore);
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(`${longshore.url}${path}`, { ...init, headers: { authorization } });
    const bytes = randomBytes(4_000_000);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const begin = async (name: string) =>
      (await ask(`/v2/${name}/blobs/uploads/`, { method: 'POST' })).headers.get('location') ?? '';
    const put = async (location: string) =>
      (await ask(`${location}?digest=${digest}`, { method: 'PUT', body: bytes })).status;
    expect(await put(await begin('killed/first'))).toBe(201);

    const location = await begin('killed/second');
    const sent = request(new URL(`${location}?digest=${digest}`, longshore.url), {
      method: 'PUT',
      headers: { authorization, 'content-length': bytes.length },
    });
    sent.on('error', () => undefined);
    sent.write(bytes.subarray(0, 3_000_000));
    await until('the server has read some of it', () => sent.socket !== null && sent.socket.bytesWritten > 2_000_000);
    await longshore.kill();

    longshore = await startLongshore({ ...options, dataDir: longshore.dataDir });
    expect((await ask(`/v2/killed/second/blobs/${digest}`, { method: 'HEAD' })).status).toBe(404);
    expect((await ask(location)).headers.get('range')).toBe('0-0');
    expect(await put(location)).toBe(201);
    for (const name of ['killed/first', 'killed/second']) {
      const got = Buffer.from(await (await ask(`/v2/${name}/blobs/${digest}`)).arrayBuffer());
      expect(got.equals(bytes)).toBe(true);
    }
    expect(readdirSync(join(longshore.dataDir, 'registry', 'uploads'))).toEqual([]);
  } finally {
    await longshore[Symbol.asyncDispose]();
  }
}, 120_000);
