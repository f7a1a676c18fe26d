// What the pull-through cache keeps while the program runs: sockets, tokens, what is under way, and what is known to be
// absent or fresh for a while. Made once by the registry; every map is bounded.
import type { AccountId, Clock, Digest, Logger, Service } from '@longshore/base';
import type { SecretReader } from '@longshore/identity';
import type { Store } from '@longshore/store';
import type { Authorization } from './authorization.ts';
import type { UpstreamError } from './failure.ts';
import { createSockets, type Sockets } from './http.ts';
import { createRuleReader, type RuleReader } from './rules.ts';
import type { LiveWindow } from './window.ts';

export interface PullThroughOptions {
  /** Reads the secret of a rule. */
  readonly readSecret: SecretReader;
  /** Whether rules of this account may name upstreams in private networks and on this machine. */
  readonly mayUsePrivate: (account: AccountId) => boolean;
  /** Hosts (`host[:port]`) that may be asked without TLS, besides loopback. */
  readonly insecure: ReadonlySet<string>;
  /** How long a tag is served without asking the upstream again. Milliseconds. */
  readonly tagTtlMs: number;
  /** How long what failed, or is not there, is not asked for again. Milliseconds. */
  readonly negativeTtlMs: number;
}

/** One layer being fetched. */
export interface Flight {
  /** What the upstream says; undefined if it says nothing. */
  readonly head: Promise<{ readonly size: number | undefined }>;
  readonly window: LiveWindow;
  /** Resolves when the layer is stored and linked. */
  readonly done: Promise<void>;
}

/** A map that forgets its oldest entries. */
export interface BoundedMap<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
}

export function createBoundedMap<T>(most: number): BoundedMap<T> {
  const held = new Map<string, T>();
  return {
    get: (key) => held.get(key),
    set(key, value) {
      held.delete(key);
      held.set(key, value);
      for (const oldest of held.keys()) {
        if (held.size <= most) break;
        held.delete(oldest);
      }
    },
    delete: (key) => void held.delete(key),
  };
}

export interface PullThroughState {
  readonly options: PullThroughOptions;
  readonly sockets: Sockets;
  readonly rules: RuleReader;
  readonly authorizations: BoundedMap<Authorization>;
  /** Failures by what was asked for, and until when they count. */
  readonly failures: BoundedMap<{ readonly error: UpstreamError; readonly until: number }>;
  /** Until when a tag (repository id and tag) need not be looked at again, and what it was. */
  readonly fresh: BoundedMap<{ readonly digest: Digest; readonly until: number }>;
  readonly layers: Map<string, Flight>;
  readonly images: Map<string, Promise<void>>;
  /** What is under way by account, for the bounds. */
  readonly underWay: Map<AccountId, number>;
  /** Fires at the stop. */
  readonly signal: AbortSignal;
  readonly service: Service;
}

const withoutSecrets: PullThroughOptions = Object.freeze({
  readSecret: () => Promise.resolve(undefined),
  mayUsePrivate: () => false,
  insecure: new Set<string>(),
  tagTtlMs: 10 * 60_000,
  negativeTtlMs: 30_000,
});

export function createPullThroughState(
  parts: { readonly store: Store; readonly clock: Clock; readonly log: Logger },
  options: PullThroughOptions = withoutSecrets,
): PullThroughState {
  const sockets = createSockets();
  const layers = new Map<string, Flight>();
  const images = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  const ended = Promise.withResolvers<void>();
  return {
    options,
    sockets,
    rules: createRuleReader(parts.store, parts.clock),
    authorizations: createBoundedMap(10_000),
    failures: createBoundedMap(10_000),
    fresh: createBoundedMap(50_000),
    layers,
    images,
    underWay: new Map(),
    signal: stopping.signal,
    service: {
      id: 'registry/pull-through',
      run: () => ended.promise,
      async stop() {
        stopping.abort(new Error('the registry stops'));
        await Promise.allSettled([...[...layers.values()].map((each) => each.done), ...images.values()]);
        sockets.close();
        ended.resolve();
      },
    },
  };
}
