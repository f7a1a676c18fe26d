// Check 1: the README's tour, run line by line, prints what it says.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { awsCli, tryRun } from './support/command.ts';
import { type ConsoleStep, consoleSteps, matchesOutput } from './support/console-blocks.ts';
import { docker } from './support/docker.ts';
import { freePort, root } from './support/longshore.ts';

const marker = '--- end of step';

/** Runs the commands one after the other in one shell; gives what each printed and its exit code. */
async function runTour(
  steps: readonly ConsoleStep[],
  env: Readonly<Record<string, string>>,
): Promise<{ out: string; code: number }[]> {
  const script = steps.map((step) => `${step.command}\nprintf '\\n%s %s\\n' '${marker}' "$?"`).join('\n');
  const shell = spawn('bash', ['-s'], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  shell.stdin.end(`${script}\n`);
  let out = '';
  for await (const chunk of shell.stdout) out += String(chunk);
  const results: { out: string; code: number }[] = [];
  let rest = out;
  for (;;) {
    const end = new RegExp(`\\n${marker} (\\d+)\\n`).exec(rest);
    if (!end) return results;
    results.push({ out: rest.slice(0, end.index), code: Number(end[1]) });
    rest = rest.slice(end.index + end[0].length);
  }
}

test.skipIf(!awsCli)(
  "the README's tour prints what it says",
  async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'readme-'));
    const dockerConfig = mkdtempSync(join(tmpdir(), 'readme-docker-'));
    const host = `127.0.0.1:${await freePort()}`;
    const env = {
      LONGSHORE_DATA: dataDir,
      LONGSHORE_LISTEN: host,
      DOCKER_CONFIG: dockerConfig,
      AWS_PAGER: '',
      PATH: `/usr/bin:${process.env.PATH ?? ''}`,
    };
    const steps = consoleSteps(readFileSync(join(root, 'README.md'), 'utf8'));
    expect(steps.length).toBeGreaterThan(10);
    let account = '';
    try {
      const results = await runTour(steps, env);
      account = (JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as { account: string }).account;
      const faults = steps.flatMap((step, i) => {
        const result = results[i] ?? { out: '(never ran)', code: -1 };
        const printed = result.out.replaceAll(host, '127.0.0.1:7077');
        return result.code === 0 && matchesOutput(step.expected, printed)
          ? []
          : [`line ${step.line}: ${step.command}\nexit ${result.code}, printed:\n${printed}`];
      });
      expect(faults.join('\n\n')).toBe('');
      expect(results).toHaveLength(steps.length);
    } finally {
      await tryRun(join(root, 'bin', 'longshore'), ['down'], { env });
      for (const each of account === '' ? [] : await docker.taskContainers(account)) await docker.remove(each.id);
      for (const name of ['hello:latest', 'shop/web:1']) await docker.removeImage(`${host}/${name}`);
      rmSync(dataDir, { recursive: true, force: true });
      rmSync(dockerConfig, { recursive: true, force: true });
    }
  },
  240_000,
);

test('output patterns: lines, wildcards inside a line, any lines', () => {
  expect(matchesOutput(['a…c'], 'abbc\n')).toBe(true);
  expect(matchesOutput(['a', '...', 'z'], 'a\nb\nc\nz\n')).toBe(true);
  expect(matchesOutput(['a'], 'a\nb\n')).toBe(false);
  expect(matchesOutput([], '')).toBe(true);
});
