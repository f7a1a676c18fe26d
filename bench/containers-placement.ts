// Placement decisions a second: a cluster that is two thirds full, tasks of several kinds with constraints and two strategies
// each, in batches of ten as RunTask asks for them. Each decision reserves; as many tasks end as begin. One thread.
import { compileConstraint } from '../packages/containers/src/placement/language/compile.ts';
import { createRoster, type Roster } from '../packages/containers/src/placement/roster.ts';
import type { Demand, Offer, Rules, Strategy } from '../packages/containers/src/placement/types.ts';
import { machineLine, median, printTable } from './harness.ts';

const sizes = (process.env.LONGSHORE_BENCH_INSTANCES ?? '1000,10000,100000').split(',').map(Number);
const seconds = Number(process.env.LONGSHORE_BENCH_SECONDS ?? 2);
const rounds = Number(process.env.LONGSHORE_BENCH_ROUNDS ?? 3);
const kindCounts = (process.env.LONGSHORE_BENCH_KINDS ?? '1,6,24,96,384').split(',').map(Number);
const batch = 10;
const zones = 6;

interface Kind {
  readonly demand: Demand;
  readonly rules: Rules;
}

function instance(i: number): Offer {
  const attributes = new Map([
    ['ecs.availability-zone', `zone-${i % zones}`],
    ['ecs.instance-type', ['m5.large', 'm5.xlarge', 'c5.large', 'g4.xlarge'][i % 4] ?? ''],
    ['ecs.os-type', 'linux'],
    ['rack', `rack-${i % 97}`],
    ...Array.from({ length: 25 }, (_, n) => [`com.amazonaws.ecs.capability.${n}`, ''] as const),
  ]);
  return {
    arn: `arn:aws:ecs:us-east-1:123456789012:container-instance/bench/${String(i).padStart(32, '0')}`,
    status: 'ACTIVE',
    connected: true,
    agentVersion: '1.105.0',
    ec2InstanceId: '',
    registeredAt: 0,
    runningTasks: 0,
    cpu: 8192,
    memory: 32_768,
    gpuIds: [],
    freeGpus: [],
    tcp: new Set([22, 2375, 2376, 51678]),
    udp: new Set(),
    freeAddresses: undefined,
    attributes,
    groups: new Map(),
  };
}

const strategies: readonly (readonly Strategy[])[] = [
  [
    { type: 'spread', field: 'attribute:ecs.availability-zone' },
    { type: 'binpack', field: 'memory' },
  ],
  [
    { type: 'spread', field: 'attribute:ecs.availability-zone' },
    { type: 'spread', field: 'instanceId' },
  ],
  [
    { type: 'binpack', field: 'cpu' },
    { type: 'spread', field: 'attribute:rack' },
  ],
];
const expressions = [
  'attribute:ecs.instance-type =~ m5.* and attribute:ecs.availability-zone != zone-5',
  'attribute:ecs.os-type == linux and not(attribute:ecs.instance-type == g4.xlarge)',
];

function kinds(count: number): Kind[] {
  return Array.from({ length: count }, (_, i) => ({
    demand: {
      cpu: 128 + 64 * (i % 3),
      memory: 256 + 128 * (i % 5),
      gpus: 0,
      tcp: [],
      udp: [],
      address: 'none',
      attributes: ['com.amazonaws.ecs.capability.1', 'com.amazonaws.ecs.capability.7', 'ecs.os-type'],
    },
    rules: {
      distinctInstance: false,
      memberOf: [compileConstraint(expressions[i % expressions.length] ?? '')],
      strategies: strategies[i % strategies.length] ?? [],
      group: `family:kind-${i}`,
    },
  }));
}

interface Running {
  readonly arn: string;
  readonly kind: Kind;
}

/** What the store would say after the task began or ended. */
function settle(roster: Roster, { arn, kind }: Running, sign: 1 | -1): void {
  const offer = roster.get(arn);
  if (offer === undefined) return;
  const { demand, rules } = kind;
  const groups = new Map(offer.groups);
  const left = (groups.get(rules.group) ?? 0) + sign;
  if (left > 0) groups.set(rules.group, left);
  else groups.delete(rules.group);
  roster.put(arn, {
    ...offer,
    groups,
    cpu: offer.cpu - sign * demand.cpu,
    memory: offer.memory - sign * demand.memory,
  });
}

function launch(roster: Roster, kind: Kind, choose: () => Offer | undefined): Running | undefined {
  const offer = choose();
  if (offer === undefined) return undefined;
  const hold = roster.hold(offer.arn, kind.demand, kind.rules.group);
  hold.end();
  settle(roster, { arn: offer.arn, kind }, 1);
  return { arn: offer.arn, kind };
}

interface Rates {
  readonly perSecond: number;
  /** Of this process's time on a core, all its threads: what other programs on the machine take does not count. */
  readonly perCpuSecond: number;
}

function measure(instances: number, kindCount: number): Rates {
  const roster = createRoster(Math.random);
  for (let i = 0; i < instances; i++) {
    const offer = instance(i);
    roster.put(offer.arn, offer);
  }
  const mix = kinds(kindCount);
  const running: Running[] = [];
  // Two thirds full, without deciding each: some 20 tasks an instance.
  for (let i = 0; i < instances * 20; i++) {
    const each = { arn: instanceArn(i % instances), kind: mix[i % kindCount] as Kind };
    settle(roster, each, 1);
    running.push(each);
  }
  for (const kind of mix) roster.chooser(kind.demand, kind.rules)();
  let decisions = 0;
  let ended = 0;
  const start = performance.now();
  const cpu = process.cpuUsage();
  while (performance.now() - start < seconds * 1000) {
    const kind = mix[(decisions / batch) % kindCount] as Kind;
    const choose = roster.chooser(kind.demand, kind.rules);
    for (let i = 0; i < batch; i++) {
      const placed = launch(roster, kind, choose);
      if (placed !== undefined) running.push(placed);
      const oldest = running[ended++];
      if (oldest !== undefined) settle(roster, oldest, -1);
    }
    decisions += batch;
  }
  const used = process.cpuUsage(cpu);
  return {
    perSecond: decisions / ((performance.now() - start) / 1000),
    perCpuSecond: decisions / ((used.user + used.system) / 1e6),
  };
}

function instanceArn(i: number): string {
  return `arn:aws:ecs:us-east-1:123456789012:container-instance/bench/${String(i).padStart(32, '0')}`;
}

/** Prints the table. */
export function benchPlacement(): void {
  const text = (value: number) => Math.round(value).toLocaleString('en-US');
  const rows = sizes.flatMap((instances) => {
    const measured = kindCounts.map((count) => Array.from({ length: rounds }, () => measure(instances, count)));
    const line = (name: string, value: (rates: Rates) => number) => [
      name,
      ...measured.map((samples) => text(median(samples.map(value)))),
    ];
    return [
      line(`${text(instances)} instances, /s`, (each) => each.perSecond),
      line('  a second of CPU', (each) => each.perCpuSecond),
    ];
  });
  process.stdout.write(`Placement decisions, exact (no sampling); constraints, required attributes and two strategies each
${machineLine()}; medians of ${rounds} rounds of ${seconds} s; target 20,000/s at 10,000 instances
`);
  printTable(['kinds of task:', ...kindCounts.map(String)], rows);
}

if (import.meta.main) benchPlacement();
