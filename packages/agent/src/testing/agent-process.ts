// An agent in a process of its own, for tests that kill it: `node agent-process.ts '<options as JSON>'`. Prints `ready`.
import { silentLogger, systemClock } from '@longshore/base';
import { createAgent } from '../agent.ts';
import type { AgentOptions } from '../types.ts';

const given = JSON.parse(process.argv[2] ?? '{}') as Omit<AgentOptions, 'clock' | 'log'>;
const agent = createAgent({ ...given, clock: systemClock, log: silentLogger });
const ended = agent.run();
await agent.ready();
process.stdout.write('ready\n');
await ended;
