// A signed websocket to the control plane, and one conversation over it.
import { type SigningCredentials, signHeaders } from '@longshore/aws';
import { backoffDelay, type Clock } from '@longshore/base';
import { type RawData, WebSocket } from 'ws';

/** Whose key signs the upgrade request. */
export interface SigningIdentity {
  readonly region: string;
  readonly credentials: SigningCredentials;
}

/** The control plane answered the upgrade with an error instead. */
export class UpgradeRefused extends Error {
  override readonly name = 'UpgradeRefused';
  readonly status: number;
  constructor(status: number, body: string) {
    super(`the control plane refused the socket with status ${status}: ${body.slice(0, 500)}`);
    this.status = status;
  }
}

/** The connection ended otherwise than by agreement. */
export class SocketClosed extends Error {
  override readonly name = 'SocketClosed';
  constructor(code: number, reason: string) {
    super(`the connection to the control plane ended with code ${code}${reason ? `: ${reason}` : ''}`);
  }
}

const maxFrameBytes = 8 * 1024 * 1024;

/** `base` (an http or https URL) + `ws` + query, as ECS's agents build it. */
export function socketUrl(base: string, query: Readonly<Record<string, string>>): URL {
  const url = new URL(`${base.endsWith('/') ? base : `${base}/`}ws`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** Opens a signed socket; rejects with UpgradeRefused, or the connection's error. */
export type OpenSocket = (url: URL, identity: SigningIdentity, signal: AbortSignal) => Promise<WebSocket>;

/** Opens the socket. Throws UpgradeRefused, or the connection's error. */
export async function openSocket(url: URL, identity: SigningIdentity, signal: AbortSignal): Promise<WebSocket> {
  const headers = await signHeaders({ method: 'GET', url: url.href, headers: {}, service: 'ecs', ...identity });
  const target = new URL(url);
  target.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(target, {
      headers,
      perMessageDeflate: false,
      maxPayload: maxFrameBytes,
      handshakeTimeout: 15_000,
      followRedirects: false,
    });
    const giveUp = () => socket.terminate();
    signal.addEventListener('abort', giveUp, { once: true });
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (body.length < 4096) body += chunk;
      });
      const refuse = () => reject(new UpgradeRefused(response.statusCode ?? 0, body));
      response.on('end', refuse);
      response.on('error', refuse);
    });
    socket.on('error', reject);
    socket.on('close', () => signal.removeEventListener('abort', giveUp));
    socket.on('open', () => {
      // Frames that come with the upgrade wait until somebody listens.
      socket.pause();
      resolve(socket);
    });
  });
}

export interface Conversation {
  /** Called for one frame after the other. An error it throws ends the conversation. */
  readonly onFrame: (type: string, message: Record<string, unknown>, send: Send) => Promise<void>;
  /** Pause between two pings, in milliseconds: their echoes show that the other side is there. */
  readonly pingMs: number;
  /** The conversation is given up after this long without a frame or an echo, in milliseconds (with up to as much again as jitter). */
  readonly silenceMs: number;
  /** It is ended, to be begun anew, after this long, in milliseconds (with up to a sixth more as jitter). */
  readonly lifetimeMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export type Send = (type: string, message: object) => void;

interface Parsed {
  readonly type: string;
  readonly message: Record<string, unknown>;
}

function parseFrame(text: string): Parsed {
  const value: unknown = JSON.parse(text);
  if (!value || typeof value !== 'object') throw new Error('a frame is not a JSON object');
  const { type, message } = value as { readonly type?: unknown; readonly message?: unknown };
  if (typeof type !== 'string') throw new Error('a frame has no type');
  return { type, message: (message && typeof message === 'object' ? message : {}) as Record<string, unknown> };
}

/** A text frame as ws hands it over (one Buffer, with its default settings). */
function frameText(data: RawData): string {
  return Buffer.isBuffer(data)
    ? data.toString('utf8')
    : Buffer.concat([data].flat().map((part) => new Uint8Array(part))).toString('utf8');
}

/** Frames wait their turn; so many and the other side is not listening. */
const maxWaiting = 1000;

/** Talks until either side ends it. Resolves at an orderly end; throws what went wrong otherwise. */
export async function converse(socket: WebSocket, conversation: Conversation): Promise<void> {
  const { clock, signal } = conversation;
  const ended = new AbortController();
  let lastFrame = clock.now();
  let waiting = 0;
  let problem: unknown;
  let tail = Promise.resolve();

  const send: Send = (type, message) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type, message }));
  };
  const end = (why?: unknown) => {
    problem ??= why;
    socket.close(1000);
    ended.abort();
  };
  socket.on('message', (data, isBinary) => {
    lastFrame = clock.now();
    waiting += 1;
    if (waiting > maxWaiting) return end(new Error('too many frames are waiting'));
    tail = tail.then(async () => {
      waiting -= 1;
      if (isBinary || ended.signal.aborted) return;
      try {
        const { type, message } = parseFrame(frameText(data));
        await conversation.onFrame(type, message, send);
      } catch (error) {
        end(error);
      }
    });
  });
  socket.on('pong', () => {
    lastFrame = clock.now();
  });
  socket.on('error', (error) => end(error));
  socket.on('close', (code, reason) => {
    if (!ended.signal.aborted && code !== 1000 && code !== 1001) problem ??= new SocketClosed(code, String(reason));
    ended.abort();
  });
  signal.addEventListener('abort', () => end(), { once: true, signal: ended.signal });
  if (socket.readyState !== WebSocket.OPEN || signal.aborted) end();

  socket.resume();

  const silence = conversation.silenceMs * (1 + Math.random());
  const lifetime = conversation.lifetimeMs * (1 + Math.random() / 6);
  const begun = clock.now();
  let lastPing = begun;
  while (!ended.signal.aborted) {
    const now = clock.now();
    if (now - lastFrame >= silence) end(new Error('the control plane has been silent for too long'));
    else if (now - begun >= lifetime) end();
    else {
      if (now - lastPing >= conversation.pingMs && socket.readyState === WebSocket.OPEN) {
        lastPing = now;
        socket.ping();
      }
      const next = Math.min(lastFrame + silence, begun + lifetime, lastPing + conversation.pingMs);
      await clock.sleep(Math.max(1, next - now), ended.signal);
    }
  }
  await tail;
  await closed(socket, clock);
  if (problem !== undefined) throw problem;
}

/** Waits for the closing handshake, but not long. */
async function closed(socket: WebSocket, clock: Clock): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  const done = new AbortController();
  socket.once('close', () => done.abort());
  await clock.sleep(backoffDelay(0, { initialMs: 1_000, maxMs: 1_000 }), done.signal);
  socket.terminate();
}
