// Reads the ```console blocks of a page: commands after `$ `, and below each what it prints.

export interface ConsoleStep {
  readonly command: string;
  /** Lines; `...` stands for any lines (or none), `…` for anything within a line. */
  readonly expected: readonly string[];
  readonly line: number;
}

export function consoleSteps(markdown: string): ConsoleStep[] {
  const steps: { command: string; expected: string[]; line: number }[] = [];
  let inside = false;
  for (const [index, text] of markdown.split('\n').entries()) {
    if (text.startsWith('```')) inside = text === '```console';
    else if (inside && text.startsWith('$ ')) steps.push({ command: text.slice(2), expected: [], line: index + 1 });
    else if (inside) steps.at(-1)?.expected.push(text);
  }
  return steps;
}

/** Whether `printed` is what `expected` says. */
export function matchesOutput(expected: readonly string[], printed: string): boolean {
  const pattern = expected
    .map((line) => (line === '...' ? '(?:[^\\n]*\\n)*?' : `${line.split('…').map(escape).join('[^\\n]*')}\\n`))
    .join('');
  return new RegExp(`^${pattern}$`).test(printed === '' || printed.endsWith('\n') ? printed : `${printed}\n`);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
