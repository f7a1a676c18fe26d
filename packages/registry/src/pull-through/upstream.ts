// An upstream registry as the cache sees it: manifests and layers by the distribution protocol, asked with the rule's
// login. Nothing here trusts what comes back; digests are verified where bytes are stored.
import { createHash } from 'node:crypto';
import { type Digest, digestAlgorithm, digestOf, parseDigest } from '@longshore/base';
import type { Core } from '../core.ts';
import { limits } from '../limits.ts';
import { bareMediaType, mediaTypes } from '../manifest.ts';
import type { Reference } from '../names.ts';
import { authorize, type Login, readLogin } from './authorization.ts';
import { UpstreamError } from './failure.ts';
import { guardedRequest, readBody, type Reach, reachFrom, type UpstreamResponse } from './http.ts';
import { parseUpstream } from './origin.ts';
import type { Rule } from './rules.ts';

/** A repository of an upstream. */
export interface Remote {
  readonly rule: Rule;
  readonly name: string;
}

const headMs = 15_000;
/** When something older can be served instead, the upstream is not waited for as long. */
const revalidateMs = 5_000;
const manifestTypes = Object.values(mediaTypes).join(', ');

function originOf(core: Core, rule: Rule): string {
  const upstream = parseUpstream(rule.upstreamUrl, core.pullThrough.options.insecure);
  if (!upstream) throw new UpstreamError('refused', `${rule.upstreamUrl} may not be asked without TLS.`);
  return upstream.origin;
}

/** The login of the rule's secret. Throws `UpstreamError` secret. */
export async function readRuleLogin(
  core: Core,
  rule: Pick<Rule, 'account' | 'credentialArn'>,
): Promise<Login | undefined> {
  if (rule.credentialArn === undefined) return undefined;
  const text = await core.pullThrough.options.readSecret(rule.account, rule.credentialArn);
  if (text === undefined)
    throw new UpstreamError('secret', 'The secret of the pull through cache rule cannot be read.');
  const login = readLogin(text);
  if (!login) {
    throw new UpstreamError(
      'secret',
      'The secret of the pull through cache rule must be {"username": …, "accessToken": …}.',
    );
  }
  return login;
}

interface Question {
  readonly rule: Rule;
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly accept?: string;
  readonly scope: string | undefined;
  readonly headMs?: number;
}

function retryAfter(response: UpstreamResponse): number {
  const text = response.headers['retry-after'];
  const seconds = text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : 10;
  return Math.min(Math.max(seconds, 1), 3_600);
}

function checkStatus(origin: string, response: UpstreamResponse): void {
  const { status } = response;
  if (status === 200) return;
  response.body.destroy();
  if (status === 404) throw new UpstreamError('absent', `The upstream ${origin} does not have it.`);
  if (status === 429) {
    throw new UpstreamError('busy', `The upstream ${origin} is asked too much.`, retryAfter(response));
  }
  if (status === 401 || status === 403) throw new UpstreamError('denied', `The upstream ${origin} does not allow it.`);
  throw new UpstreamError('unavailable', `The upstream ${origin} answers ${status}.`);
}

function loginKey(rule: Rule, scope: string | undefined): string {
  const text = JSON.stringify([rule.account, rule.prefix, rule.createdAt, rule.version, scope ?? '']);
  return createHash('sha256').update(text).digest('base64');
}

/** Asks, logs in once if that is wanted, and asks again. Resolves to the answer, whatever its status. */
async function ask(core: Core, question: Question): Promise<UpstreamResponse> {
  const { rule, scope } = question;
  const { sockets, authorizations, options, signal } = core.pullThrough;
  const origin = originOf(core, rule);
  const all = options.mayUsePrivate(rule.account);
  const ownReach: Reach = { private: all, loopback: all };
  const key = loginKey(rule, scope);
  const wait = question.headMs ?? headMs;
  const send = (authorization: string | undefined) =>
    guardedRequest(sockets, {
      method: question.method,
      url: new URL(question.path, origin),
      headers: {
        ...(question.accept !== undefined && { accept: question.accept }),
        ...(authorization !== undefined && { authorization }),
      },
      reach: ownReach,
      headMs: wait,
      signal,
    });
  const held = authorizations.get(key);
  const known = held && held.expiresAt > core.clock.now() ? held.header : undefined;
  const first = await send(known);
  if (first.status !== 401 || first.url.origin !== origin) return first;
  first.body.destroy();
  authorizations.delete(key);
  const made = await authorize(
    {
      sockets,
      clock: core.clock,
      origin,
      ownReach,
      foreignReach: reachFrom(ownReach, first.network),
      login: await readRuleLogin(core, rule),
      scope,
      signal,
      headMs: wait,
    },
    first.headers['www-authenticate'],
  );
  authorizations.set(key, made);
  return send(made.header);
}

async function askRepository(
  core: Core,
  remote: Remote,
  rest: Pick<Question, 'method' | 'path' | 'accept' | 'headMs'>,
): Promise<UpstreamResponse> {
  const { rule, name } = remote;
  const path = `/v2/${name}/${rest.path}`;
  const response = await ask(core, { ...rest, rule, path, scope: `repository:${name}:pull` });
  checkStatus(rule.upstreamUrl, response);
  return response;
}

function lengthOf(response: UpstreamResponse): number | undefined {
  const text = response.headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The digest that a tag has at the upstream; undefined if the upstream does not say. Throws `UpstreamError`. */
export async function remoteDigest(core: Core, remote: Remote, tag: string): Promise<Digest | undefined> {
  const asked = { method: 'HEAD', path: `manifests/${tag}`, accept: manifestTypes, headMs: revalidateMs } as const;
  const response = await askRepository(core, remote, asked);
  response.body.resume();
  return parseDigest(String(response.headers['docker-content-digest'] ?? ''));
}

export interface RemoteManifest {
  readonly bytes: Buffer;
  /** Undefined if the upstream's Content-Type is none of a manifest's. */
  readonly mediaType: string | undefined;
  readonly digest: Digest;
}

const types: ReadonlySet<string> = new Set(Object.values(mediaTypes));

/** A manifest, verified against the digest asked for, or the one that the upstream itself says. Throws `UpstreamError`. */
export async function remoteManifest(core: Core, remote: Remote, reference: Reference): Promise<RemoteManifest> {
  const path = `manifests/${'digest' in reference ? reference.digest : reference.tag}`;
  const response = await askRepository(core, remote, { method: 'GET', path, accept: manifestTypes });
  const bytes = await readBody(response, limits.manifestBytes);
  const said = parseDigest(String(response.headers['docker-content-digest'] ?? ''));
  const wanted = 'digest' in reference ? reference.digest : said;
  const digest = digestOf(bytes, wanted ? digestAlgorithm(wanted) : 'sha256');
  if (wanted !== undefined && wanted !== digest) {
    throw new UpstreamError('refused', `The upstream ${remote.rule.upstreamUrl} sent ${digest} as ${wanted}.`);
  }
  const mediaType = bareMediaType(response.headers['content-type'] ?? '');
  return { bytes, mediaType: types.has(mediaType) ? mediaType : undefined, digest };
}

/** How large a layer is at the upstream; undefined if it does not say. Throws `UpstreamError`. */
export async function remoteLayerSize(core: Core, remote: Remote, digest: Digest): Promise<number | undefined> {
  const response = await askRepository(core, remote, { method: 'HEAD', path: `blobs/${digest}` });
  response.body.resume();
  return lengthOf(response);
}

/** A layer's bytes, not verified. Throws `UpstreamError`. */
export async function remoteLayer(
  core: Core,
  remote: Remote,
  digest: Digest,
): Promise<{ readonly size: number | undefined; readonly body: AsyncIterable<Uint8Array> }> {
  const response = await askRepository(core, remote, { method: 'GET', path: `blobs/${digest}` });
  return { size: lengthOf(response), body: response.body as AsyncIterable<Uint8Array> };
}

/** Whether the upstream is there and takes the rule's login. Throws `UpstreamError`. */
export async function visit(core: Core, rule: Rule): Promise<void> {
  // A wrong password is noticed also where the front door stands open.
  await readRuleLogin(core, rule);
  const response = await ask(core, { rule, method: 'GET', path: '/v2/', scope: undefined });
  response.body.resume();
  checkStatus(rule.upstreamUrl, response);
}
