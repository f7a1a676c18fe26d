import { afterEach, expect, it } from 'vitest';
import { call, envFor } from '../testing/call.ts';
import type { AgentPart, AgentStart } from '../types.ts';

const started: AgentStart[] = [];
afterEach(() => void started.splice(0));

/** An agent that only runs until it is stopped. */
const agentPart: AgentPart = {
  createAgent(options) {
    started.push(options);
    const ended = Promise.withResolvers<void>();
    return {
      id: 'agent',
      run: () => ended.promise,
      stop: async () => ended.resolve(),
      ready: () => Promise.resolve(),
    };
  },
};

it('runs with what the options and the environment say until it is interrupted', async () => {
  const interrupt = new AbortController();
  const running = call(
    [
      'agent',
      '--cluster',
      'blue',
      '--data',
      '/d',
      '--attribute',
      'rack=1',
      '--attribute',
      'disk=ssd',
      '--advertise-address',
      '10.0.0.7',
      '--cpu',
      '512',
      '--memory',
      '256',
    ],
    {
      env: envFor('http://10.0.0.1:7077'),
      interrupt: interrupt.signal,
      parts: {
        agent: async () => {
          setImmediate(() => interrupt.abort());
          return agentPart;
        },
      },
    },
  );
  expect(await running).toEqual({ code: 0, out: '', err: 'Stopping; the containers run on.\n' });
  expect(started).toMatchObject([
    {
      endpoint: 'http://10.0.0.1:7077',
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'a-test-secret' },
      cluster: 'blue',
      dataDir: '/d',
      dockerHost: 'unix:///var/run/docker.sock',
      attributes: { rack: '1', disk: 'ssd' },
      address: '10.0.0.7',
      offer: { cpu: 512, memory: 256 },
    },
  ]);
});

it('refuses an attribute that is none', async () => {
  const { code, err } = await call(['agent', '--attribute', 'rack'], { parts: { agent: async () => agentPart } });
  expect(code).toBe(2);
  expect(err).toMatch(/NAME=VALUE/);
});
