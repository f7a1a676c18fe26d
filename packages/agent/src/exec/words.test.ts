import { expect, test } from 'vitest';
import { commandWords } from './words.ts';

test.each([
  ['ls -l /tmp', ['ls', '-l', '/tmp']],
  ["sh -c 'echo hi; exit 3'", ['sh', '-c', 'echo hi; exit 3']],
  ['echo "a b"c', ['echo', 'a bc']],
  ["'ls' ''", ['ls', '']],
  ['ls | wc', ['/bin/sh', '-c', 'ls | wc']],
  ['echo $HOME', ['/bin/sh', '-c', 'echo $HOME']],
  ['A=1 env', ['/bin/sh', '-c', 'A=1 env']],
  ["echo it\\'s", ['/bin/sh', '-c', "echo it\\'s"]],
])('%s', (text, words) => {
  expect(commandWords(text)).toEqual(words);
});
