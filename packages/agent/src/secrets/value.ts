// The part of a secret's text that a reference asks for. Pure. Messages name the key, never a value.

/** `text` itself, or the member `jsonKey` of the JSON object that it is. Throws an Error in the words of ECS's agent. */
export function valueAt(text: string, jsonKey: string | undefined, secret: string): string {
  if (jsonKey === undefined) return text;
  let members: unknown;
  try {
    members = JSON.parse(text);
  } catch {
    throw new Error(`the value of ${secret} is not JSON, so it has no key ${jsonKey}`);
  }
  const isObject = typeof members === 'object' && members !== null && !Array.isArray(members);
  if (!isObject || !Object.hasOwn(members as object, jsonKey))
    throw new Error(`retrieved secret from Secrets Manager did not contain json key ${jsonKey}`);
  const value = (members as Readonly<Record<string, unknown>>)[jsonKey];
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** User name and password of a registry: the members `username` and `password` of a secret. Throws an Error. */
export function loginOf(text: string): { readonly username: string; readonly password: string } {
  let members: unknown;
  try {
    members = JSON.parse(text);
  } catch {
    members = undefined;
  }
  const { username, password } = (members ?? {}) as { readonly username?: unknown; readonly password?: unknown };
  if (typeof username !== 'string' || typeof password !== 'string' || username === '' || password === '')
    throw new Error('the secret of repositoryCredentials must be JSON with username and password');
  return { username, password };
}
