// Keys that wrap the data keys of encrypted layers. The registry keeps only wrapped ones; each use asks the key's holder.
import { AwsError } from '@longshore/aws';
import type { AccountId, Clock } from '@longshore/base';
import { RegistryError } from '../errors.ts';

/** Which key, for which account, and what the wrapped key is bound to. */
export interface LayerKeyUse {
  readonly account: AccountId;
  /** An ARN. */
  readonly key: string;
  readonly context: Readonly<Record<string, string>>;
}

/** Filled by `keys`. Throws an `AwsError` of KMS when a key is missing, withheld, disabled, deleted or not reachable. */
export interface LayerKeys {
  /** The ARN of a key that `account` may use. */
  resolve(account: AccountId, text: string): Promise<string>;
  /** The account's own key for `service`, made at first use. */
  ownKey(account: AccountId, service: string): Promise<string>;
  generate(use: LayerKeyUse): Promise<{ readonly plain: Uint8Array; readonly wrapped: Uint8Array }>;
  /** `keepMs`: how long the opened key may stay in memory. */
  unwrap(use: LayerKeyUse, wrapped: Uint8Array): Promise<{ readonly plain: Uint8Array; readonly keepMs: number }>;
  rewrap(use: LayerKeyUse, wrapped: Uint8Array): Promise<Uint8Array>;
}

/** Without a holder of keys nothing is encrypted, and nothing encrypted is read. */
const noKeys: LayerKeys = {
  resolve: () => Promise.reject(noHolder()),
  ownKey: () => Promise.reject(noHolder()),
  generate: () => Promise.reject(noHolder()),
  unwrap: () => Promise.reject(noHolder()),
  rewrap: () => Promise.reject(noHolder()),
};

function noHolder(): AwsError {
  return new AwsError('KeyUnavailableException', 'This registry has no key management.', 500);
}

/** What KMS says, in the registry's words: the same refusal for whoever asks, with the reason. */
function translate(error: unknown): unknown {
  if (!(error instanceof AwsError)) return error;
  const kind = error.status >= 500 ? 'keyUnreachable' : 'keyRefused';
  const message = `The layer's encryption key cannot be used: ${error.code}: ${error.message}`;
  return new RegistryError(kind, message, { kmsError: error.code });
}

const mostKept = 1_000;

/**
 * `keys` with failures as RegistryErrors `keyRefused` and `keyUnreachable`, and with opened keys kept for as long as their
 * holder lets them be.
 */
export function createLayerKeys(keys: LayerKeys = noKeys, clock: Clock): LayerKeys {
  const kept = new Map<string, { readonly plain: Uint8Array; readonly until: number }>();

  async function translated<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw translate(error);
    }
  }

  function keep(id: string, plain: Uint8Array, until: number): void {
    const now = clock.now();
    kept.set(id, { plain, until });
    for (const [each, { until: end }] of kept) {
      if (end <= now || kept.size > mostKept) kept.delete(each);
    }
  }

  return {
    resolve: (account, text) => translated(keys.resolve(account, text)),
    ownKey: (account, service) => translated(keys.ownKey(account, service)),
    generate: (use) => translated(keys.generate(use)),
    async unwrap(use, wrapped) {
      // By account too: what one account was shown, another must ask for.
      const id = `${use.account} ${use.key} ${JSON.stringify(use.context)} ${Buffer.from(wrapped).toString('base64')}`;
      const known = kept.get(id);
      if (known && known.until > clock.now()) return { plain: known.plain, keepMs: 0 };
      const asked = clock.now();
      const opened = await translated(keys.unwrap(use, wrapped));
      if (opened.keepMs > 0) keep(id, opened.plain, asked + opened.keepMs);
      return opened;
    },
    rewrap: (use, wrapped) => translated(keys.rewrap(use, wrapped)),
  };
}
