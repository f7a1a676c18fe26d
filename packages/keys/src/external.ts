// Keys that a customer's own KMS holds: asked over the KMS protocol (JSON 1.1, Signature Version 4), so that AWS KMS, another
// Longshore or any gateway that speaks it will do. Which keys are external is the operator's table; a tenant's text never
// chooses a host, and an endpoint's credentials are used only for the accounts that its entry names.
import { AwsError, callJson } from '@longshore/aws';
import { errorText } from '@longshore/base';
import { z } from 'zod';
import type { DataKeys, KeyUse } from './data-keys.ts';
import { kmsErrors } from './errors.ts';

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  const loopback = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  return protocol === 'https:' || (protocol === 'http:' && loopback);
}

const endpointSchema = z.strictObject({
  /** Keys whose ARN begins so are there, e.g. `arn:aws:kms:eu-west-1:444455556666:`. */
  keys: z.string().regex(/^arn:aws:kms:[a-z0-9-]+:[0-9]{12}:/, 'the beginning of key ARNs, up to the account at least'),
  endpoint: z.string().refine(isSafeUrl, 'an https URL (http for this machine only)'),
  /** Accounts of this installation that may use these keys. */
  accounts: z.array(z.string().regex(/^[0-9]{12}$/, 'twelve digits')).min(1),
  accessKeyId: z.string().min(16).max(128),
  secretAccessKey: z.string().min(16).max(128),
  /** For how long an opened data key may stay in memory. */
  keepSeconds: z.number().min(0).max(60).default(10),
  timeoutSeconds: z.number().min(1).max(30).default(5),
});

export const externalKeysSchema = z.array(endpointSchema).max(1000);

export type ExternalEndpoint = z.output<typeof endpointSchema>;

/** What is answered to whom: only the members that are used. */
const answers = {
  describe: z.object({ KeyMetadata: z.object({ Arn: z.string() }) }),
  generate: z.object({ Plaintext: z.base64(), CiphertextBlob: z.base64() }),
  decrypt: z.object({ Plaintext: z.base64() }),
  reEncrypt: z.object({ CiphertextBlob: z.base64() }),
};

const longestWrapped = 6_144;

function bytesOf(base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0 || bytes.length > longestWrapped) throw kmsErrors.unavailable('The external KMS gave no key.');
  return bytes;
}

function dataKeyOf(base64: string): Buffer {
  const bytes = bytesOf(base64);
  if (bytes.length !== 32) throw kmsErrors.unavailable('The external KMS gave a data key of another length.');
  return bytes;
}

async function ask<T>(at: ExternalEndpoint, operation: string, input: object, answer: z.ZodType<T>): Promise<T> {
  try {
    const output = await callJson({
      endpoint: at.endpoint,
      service: 'kms',
      region: at.keys.split(':')[3] ?? '',
      credentials: at,
      target: `TrentService.${operation}`,
      input,
      timeoutMs: at.timeoutSeconds * 1000,
    });
    return answer.parse(output);
  } catch (error) {
    // What the other side says passes; that it cannot be reached, or speaks nonsense, is a key that is not available.
    if (error instanceof AwsError && error.status < 500) throw error;
    throw kmsErrors.unavailable(`The external KMS of ${at.keys} did not answer: ${errorText(error).slice(0, 300)}`);
  }
}

/** Keys of `endpoints` there, all others in `local`. */
export function withExternalKeys(local: DataKeys, endpoints: readonly ExternalEndpoint[]): DataKeys {
  const byLength = endpoints.toSorted((a, b) => b.keys.length - a.keys.length);

  /** The endpoint of a key, or undefined for a key of this installation. Throws AccessDeniedException. */
  function endpointOf(account: string, key: string): ExternalEndpoint | undefined {
    const found = byLength.find((each) => key.startsWith(each.keys));
    if (found && !found.accounts.includes(account)) {
      throw new AwsError(
        'AccessDeniedException',
        `Account ${account} may not use the external key ${key.slice(0, 300)}.`,
      );
    }
    return found;
  }

  async function either<T>(
    use: KeyUse,
    there: (at: ExternalEndpoint) => Promise<T>,
    here: () => Promise<T>,
  ): Promise<T> {
    const at = endpointOf(use.account, use.key);
    return at ? there(at) : here();
  }

  return {
    async resolve(account, text) {
      const at = endpointOf(account, text);
      if (!at) return local.resolve(account, text);
      const { Arn } = (await ask(at, 'DescribeKey', { KeyId: text }, answers.describe)).KeyMetadata;
      // Else the answer could point to a key of another endpoint, or of this installation.
      if (endpointOf(account, Arn) !== at)
        throw kmsErrors.unavailable('The external KMS named a key that is not its own.');
      return Arn;
    },
    ownKey: (account, service) => local.ownKey(account, service),
    generate: (use) =>
      either(
        use,
        async (at) => {
          const input = { KeyId: use.key, KeySpec: 'AES_256', EncryptionContext: use.context };
          const answer = await ask(at, 'GenerateDataKey', input, answers.generate);
          return { plain: dataKeyOf(answer.Plaintext), wrapped: bytesOf(answer.CiphertextBlob) };
        },
        () => local.generate(use),
      ),
    unwrap: (use, wrapped) =>
      either(
        use,
        async (at) => {
          const CiphertextBlob = Buffer.from(wrapped).toString('base64');
          const input = { KeyId: use.key, CiphertextBlob, EncryptionContext: use.context };
          const answer = await ask(at, 'Decrypt', input, answers.decrypt);
          return { plain: dataKeyOf(answer.Plaintext), keepMs: at.keepSeconds * 1000 };
        },
        () => local.unwrap(use, wrapped),
      ),
    rewrap: (use, wrapped) =>
      either(
        use,
        async (at) => {
          const input = {
            CiphertextBlob: Buffer.from(wrapped).toString('base64'),
            SourceKeyId: use.key,
            SourceEncryptionContext: use.context,
            DestinationKeyId: use.key,
            DestinationEncryptionContext: use.context,
          };
          return bytesOf((await ask(at, 'ReEncrypt', input, answers.reEncrypt)).CiphertextBlob);
        },
        () => local.rewrap(use, wrapped),
      ),
  };
}
