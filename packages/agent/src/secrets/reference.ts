// What a `valueFrom` names: a secret of Secrets Manager (its ARN, and after it `:json-key:version-stage:version-id`, each
// of which may be empty), or a file of this machine (`file:NAME`, and after it `:json-key`). Pure.

export type SecretReference =
  | {
      readonly kind: 'asm';
      readonly secretId: string;
      readonly jsonKey?: string | undefined;
      readonly versionStage?: string | undefined;
      readonly versionId?: string | undefined;
    }
  | { readonly kind: 'file'; readonly name: string; readonly jsonKey?: string | undefined };

const given = (text: string | undefined) => (text === undefined || text === '' ? undefined : text);

/** Undefined for what is neither. */
export function parseSecretReference(text: string): SecretReference | undefined {
  const parts = text.split(':');
  if (parts[0] === 'file') {
    const [, name = '', jsonKey] = parts;
    return name === '' || parts.length > 3 ? undefined : { kind: 'file', name, jsonKey: given(jsonKey) };
  }
  // arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME
  const [arn, , service, , , resource, name = '', jsonKey, versionStage, versionId] = parts;
  if (arn !== 'arn' || service !== 'secretsmanager' || resource !== 'secret' || name === '' || parts.length > 10)
    return undefined;
  return {
    kind: 'asm',
    secretId: parts.slice(0, 7).join(':'),
    jsonKey: given(jsonKey),
    versionStage: given(versionStage),
    versionId: given(versionId),
  };
}
