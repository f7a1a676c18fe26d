// The operator's table of external KMS endpoints: a JSON file of its own, because it holds secrets.
import { readFile } from 'node:fs/promises';
import { UserError } from '@longshore/base';
import { type ExternalEndpoint, externalKeysSchema } from '@longshore/keys';

/** Empty without a file. Throws `UserError` if it cannot be read or says something else. */
export async function readExternalKeys(file: string | undefined): Promise<readonly ExternalEndpoint[]> {
  if (file === undefined) return [];
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const reason =
      error instanceof SyntaxError ? 'it is not JSON' : String(error instanceof Error ? error.message : error);
    throw new UserError(
      `The external KMS file ${file} cannot be read: ${reason}`,
      'See docs/encryption.md for its form.',
    );
  }
  const parsed = externalKeysSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.join('.') ?? '';
  throw new UserError(
    `The external KMS file ${file} is wrong at ${place}: it must be ${issue?.message ?? 'a list'}`,
    'See docs/encryption.md for its form.',
  );
}
