// Checking the inputs of the operations on secrets (Secrets Manager API reference, the constraints of each parameter).
import { newUuid } from '@longshore/base';
import { secretErrors } from './errors.ts';
import type { SecretTag, SecretValue } from './secret.ts';

const longestValue = 65_536;
const mostTags = 50;

interface ValueInput {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

/** The value given, or undefined if there is none. Throws InvalidParameterException for two, or one too long. */
export function readGivenValue(input: ValueInput): SecretValue | undefined {
  const { SecretString: text, SecretBinary: bytes } = input;
  if (text !== undefined && bytes !== undefined) {
    throw secretErrors.invalid(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  const value: SecretValue | undefined =
    text !== undefined ? { kind: 'string', bytes: Buffer.from(text, 'utf8') } : bytes && { kind: 'binary', bytes };
  if (value && (value.bytes.length < 1 || value.bytes.length > longestValue)) {
    throw secretErrors.invalid(`A secret value has 1 to ${longestValue} bytes.`);
  }
  return value;
}

/** The version's id: the client's token, so that a repeated call is the same call; a fresh one if left out. */
export function readVersionId(token: string | undefined): string {
  if (token === undefined) return newUuid();
  if (/^[\x21-\x7e]{32,64}$/.test(token)) return token;
  throw secretErrors.invalid('ClientRequestToken must have 32 to 64 visible characters.');
}

export function checkDescription(text: string | undefined): string | null {
  if ((text?.length ?? 0) > 2048) throw secretErrors.invalid('A description has 2048 characters at most.');
  return text ?? null;
}

interface TagInput {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** `given` over `held`, by key. Throws InvalidParameterException. */
export function mergeSecretTags(held: readonly SecretTag[], given: readonly TagInput[] | undefined): SecretTag[] {
  const tags = new Map(held.map((tag) => [tag.Key, tag.Value]));
  for (const { Key = '', Value = '' } of given ?? []) {
    if (Key.length < 1 || Key.length > 128 || Value.length > 256 || Key.toLowerCase().startsWith('aws:')) {
      throw secretErrors.invalid(
        'A tag has a key of 1 to 128 characters, not beginning with aws:, and a value of 256 at most.',
      );
    }
    tags.set(Key, Value);
  }
  if (tags.size > mostTags) throw secretErrors.invalid(`A secret may have ${mostTags} tags at most.`);
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}
