// The pages for users agree with the program.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsTable } from '@longshore/server';
import { expect, test } from 'vitest';
import { run } from './support/command.ts';
import { root } from './support/longshore.ts';

const page = (name: string) => readFileSync(join(root, name), 'utf8');

test('docs/configuration.md names every setting: key, variable, flag', () => {
  const text = page('docs/configuration.md');
  for (const { key, env, flag } of settingsTable) {
    for (const word of [`\`${key}\``, env, flag.split(' ')[0] ?? flag]) expect(text, word).toContain(word);
  }
});

test('docs/cli.md has every command of `longshore --help`', async () => {
  const help = await run(join(root, 'bin', 'longshore'), ['--help']);
  const commands = [...help.matchAll(/^ {2}([a-z]+)\b/gm)]
    .map((match) => match[1] ?? '')
    .filter((name) => name !== 'help');
  expect(commands.length).toBeGreaterThan(10);
  const text = page('docs/cli.md');
  for (const command of commands) expect(text, command).toMatch(new RegExp(`^\\| \`${command}\\b`, 'm'));
});

test('links between the pages lead somewhere', () => {
  const pages = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    ...['docs', 'design'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)),
  ];
  for (const from of pages) {
    for (const [, target = ''] of page(from).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      expect(() => page(join(from, '..', target)), `${from} → ${target}`).not.toThrow();
    }
  }
});
