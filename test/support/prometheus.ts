// A real Prometheus with one alerting rule over one gauge that the test sets.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from './longshore.ts';

const program = '/usr/bin/prometheus';

export interface RunningPrometheus extends AsyncDisposable {
  readonly url: string;
  /** The rule rings as long as it is above 0. */
  setErrors(value: number): void;
  /** Takes connections and answers nothing, until `resume`. */
  hang(): void;
  resume(): void;
}

/** Scrapes each second; the rule `alert` is evaluated each `intervalSeconds`. */
export async function startPrometheus(alert: string, intervalSeconds: number): Promise<RunningPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  let errors = 0;
  const gauge = createServer((_request, response) => void response.end(`# TYPE errors gauge\nerrors ${errors}\n`));
  await new Promise<void>((resolve) => gauge.listen(0, '127.0.0.1', resolve));
  const target = `127.0.0.1:${(gauge.address() as AddressInfo).port}`;
  const rule = { alert, expr: 'errors > 0' };
  // JSON is YAML.
  writeFileSync(
    join(folder, 'rules.yml'),
    JSON.stringify({ groups: [{ name: 'site', interval: `${intervalSeconds}s`, rules: [rule] }] }),
  );
  writeFileSync(
    join(folder, 'prometheus.yml'),
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      rule_files: ['rules.yml'],
      scrape_configs: [{ job_name: 'site', static_configs: [{ targets: [target] }] }],
    }),
  );
  const address = `127.0.0.1:${await freePort()}`;
  const log = openSync(join(folder, 'log'), 'a');
  const child = spawn(
    program,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: ['ignore', log, log] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://${address}`;
  const evaluated = async () => {
    const answer = await fetch(`${url}/api/v1/rules`).catch(() => undefined);
    return answer?.ok === true && (await answer.text()).includes('"state":"inactive"');
  };
  await until('Prometheus has evaluated its rule', evaluated);
  return {
    url,
    setErrors(value) {
      errors = value;
    },
    hang: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await ended;
      gauge.closeAllConnections();
      await new Promise((resolve) => gauge.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
