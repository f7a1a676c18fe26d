// Reading `WWW-Authenticate` (RFC 9110, 11.6.1; distribution, "Token authentication"). Pure and linear.

export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const longest = 4_096;
const token = /[A-Za-z0-9!#$%&'*+.^_`|~-]+/y;
const parameter = /\s*,?\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
const gap = /[\s,]*/y;

function at(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(text);
}

/** The challenges in their order; what cannot be read ends the list. */
export function readChallenges(header: string | undefined): Challenge[] {
  const found: Challenge[] = [];
  if (header === undefined || header.length > longest) return found;
  for (let position = 0; position < header.length; ) {
    position += at(gap, header, position)?.[0].length ?? 0;
    const scheme = at(token, header, position);
    if (!scheme) break;
    position += scheme[0].length;
    const parameters = new Map<string, string>();
    for (let each = at(parameter, header, position); each; each = at(parameter, header, position)) {
      parameters.set((each[1] ?? '').toLowerCase(), each[2]?.replace(/\\(.)/g, '$1') ?? each[3] ?? '');
      position += each[0].length;
    }
    found.push({ scheme: scheme[0].toLowerCase(), parameters });
  }
  return found;
}
