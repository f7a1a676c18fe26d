// Strict JSON for policies: like JSON.parse, but a key that is there twice is an error. With JSON.parse the last one
// would silently win, and a second `Condition` or `Effect` would hide the first from whoever reads the document.

/** Thrown for text that is not strict JSON; the message says where. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
}

/** Finds a duplicate key in text that JSON.parse accepts; undefined if there is none. */
function duplicateKey(text: string): string | undefined {
  const open: (Set<string> | 'list')[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
  for (let match = tokens.exec(text); match; match = tokens.exec(text)) {
    const token = match[0];
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push('list');
    else if (token === '}' || token === ']') open.pop();
    else {
      const keys = open[open.length - 1];
      if (!(keys instanceof Set) || !/^\s*:/.test(text.slice(tokens.lastIndex, tokens.lastIndex + 64))) continue;
      const key = JSON.parse(token) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/** The value in `text`. Throws JsonTextError. */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonTextError('The text is not valid JSON.');
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw new JsonTextError(`The key "${duplicate}" is there twice in one object.`);
  return value;
}
