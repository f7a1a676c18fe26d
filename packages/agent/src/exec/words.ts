// A command line as ECS Exec takes it: plain words run as they are, so that images without a shell can be entered too; what
// only a shell understands is given to the container's. Pure.

/** The words, quotes taken off; undefined for what needs a shell. */
function plainWords(text: string): string[] | undefined {
  const words: string[] = [];
  const pattern = /\s*((?:[\w@%+=:,./-]|"[^"$`\\]*"|'[^']*')+)(?=\s|$)/y;
  const trimmed = text.trimEnd();
  while (pattern.lastIndex < trimmed.length) {
    const match = pattern.exec(trimmed);
    if (!match?.[1]) return undefined;
    words.push(
      match[1].replace(/"([^"]*)"|'([^']*)'/g, (_all, double?: string, single?: string) => double ?? single ?? ''),
    );
  }
  return words.length > 0 && !/^\w+=/.test(words[0] ?? '') ? words : undefined;
}

export function commandWords(text: string): readonly string[] {
  return plainWords(text) ?? ['/bin/sh', '-c', text];
}
