// Environment files as ECS reads them: a variable a line, `NAME=VALUE`; empty lines, lines that begin with # and lines
// without = are left out. Values are taken as they are: no quotes, no escapes. Pure.

const most = 1000;

/** The variables of one file; the first line of a name wins. */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const variables = new Map<string, string>();
  for (const raw of text.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const trimmed = line.trimStart();
    const equals = trimmed.indexOf('=');
    if (trimmed.startsWith('#') || equals < 1) continue;
    const name = trimmed.slice(0, equals).trim();
    if (name !== '' && !variables.has(name)) variables.set(name, trimmed.slice(equals + 1));
    if (variables.size > most) throw new Error(`an environment file holds more than ${most} variables`);
  }
  return Object.fromEntries(variables);
}

/** Several files, in their order: the first that has a name wins. */
export function mergeEnvironmentFiles(files: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  return Object.assign({}, ...files.toReversed()) as Record<string, string>;
}
