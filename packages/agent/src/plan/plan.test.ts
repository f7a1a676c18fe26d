// Planning against a simulated Engine: whatever happens in whatever order, it converges, and a container is never made
// twice, nor started again after it ended.
import fc from 'fast-check';
import type { AcsContainer, AcsTask } from '@longshore/aws';
import { describe, expect, test } from 'vitest';
import { hasOwnNetwork, pauseName } from '../task/own-network.ts';
import { freshlyCreated } from '../task/observe.ts';
import { newRecord, progressOf, withContainer, withEnd, withVolume } from '../task/record.ts';
import type { ObservedContainer, TaskRecord } from '../task/types.ts';
import { sampleTask } from '../testing/sample-task.ts';
import { plan } from './plan.ts';
import { settle } from './settle.ts';
import { hasStopped, isEnding, taskStatus } from './status.ts';
import { type Step, stepKey, type View } from './types.ts';

const networkInterface = {
  ec2Id: 'attachment',
  macAddress: '02:42:0a:d0:00:07',
  ipv4Addresses: [{ primary: true, privateAddress: '10.208.0.7' }],
  subnetGatewayIpv4Address: '10.208.0.1/24',
};

function taskWith(
  containers: readonly Partial<AcsContainer>[],
  networkMode: AcsTask['networkMode'] = 'bridge',
): AcsTask {
  return sampleTask(containers, {
    networkMode,
    ...(networkMode === 'awsvpc' && { elasticNetworkInterfaces: [networkInterface] }),
  });
}

/** Dependencies only on earlier containers: no circle. */
const tasks = fc
  .tuple(
    fc.array(
      fc.record({
        essential: fc.boolean(),
        on: fc.option(fc.tuple(fc.nat(), fc.constantFrom('START' as const, 'COMPLETE' as const, 'SUCCESS' as const))),
        volumesFrom: fc.option(fc.nat()),
        restarts: fc.option(fc.constantFrom<readonly number[]>([], [0])),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    fc.constantFrom('bridge' as const, 'awsvpc' as const),
  )
  .map(([shapes, networkMode]) =>
    taskWith(
      shapes.map((shape, at) => ({
        name: `c${at}`,
        essential: at === 0 || shape.essential,
        ...(shape.restarts && {
          restartPolicy: { enabled: true, ignoredExitCodes: shape.restarts, restartAttemptPeriod: 0 },
        }),
        ...(at > 0 && shape.on
          ? { dependsOn: [{ containerName: `c${shape.on[0] % at}`, condition: shape.on[1] }] }
          : {}),
        volumesFrom:
          at > 0 && shape.volumesFrom !== null
            ? [{ sourceContainer: `c${shape.volumesFrom % at}`, readOnly: false }]
            : [],
      })),
      networkMode,
    ),
  );

interface World {
  record: TaskRecord;
  /** What the Engine truly holds. */
  engine: Map<string, ObservedContainer>;
  /** What the agent has seen of it. */
  observed: Map<string, ObservedContainer>;
  busy: Map<string, Step>;
  now: number;
  made: number;
  starts: Map<string, number>;
}

function viewOf(world: World): View {
  return {
    record: world.record,
    observed: world.observed,
    busy: new Set(world.busy.keys()),
    now: world.now,
    keepStoppedMs: 0,
  };
}

function evaluate(world: World): void {
  world.record = settle(viewOf(world));
  if (isEnding(world.record)) for (const [key, step] of world.busy) if (step.kind === 'pull') world.busy.delete(key);
  world.record = settle(viewOf(world));
  const { steps } = plan(viewOf(world));
  for (const step of steps) {
    expect(world.busy.has(stepKey(step))).toBe(false);
    const holder = world.observed.get(pauseName)?.status;
    const own = hasOwnNetwork(world.record.task);
    const tooEarly = own && step.kind === 'create' && holder !== 'created' && holder !== 'running';
    const withoutNetwork = own && step.kind === 'start' && holder !== 'running';
    const toldTooEarly = step.kind === 'report' && step.report.status === 'STOPPED' && holder !== undefined;
    expect({ tooEarly, withoutNetwork, toldTooEarly }).toEqual({
      tooEarly: false,
      withoutNetwork: false,
      toldTooEarly: false,
    });
    world.busy.set(stepKey(step), step);
  }
  // A holder is known as soon as it is made, before it runs.
  if (steps.some((step) => step.kind === 'hold') && !world.engine.has(pauseName)) {
    world.engine.set(pauseName, freshlyCreated('pause'));
    see(world, pauseName);
    evaluate(world);
  }
}

function see(world: World, name: string): void {
  const there = world.engine.get(name);
  if (there) world.observed.set(name, there);
  else world.observed.delete(name);
}

/** The Engine does what a step asked. */
function perform(world: World, step: Step, fails: boolean): void {
  const { now } = world;
  switch (step.kind) {
    case 'pull':
      world.record = fails
        ? withEnd(world.record, step.container, { at: now, reason: 'CannotPullContainerError: no' })
        : withContainer(world.record, step.container, { image: {} });
      return;
    case 'hold':
      if (fails)
        for (const name of Object.keys(world.record.containers))
          world.record = withEnd(world.record, name, { at: now, reason: 'ResourceInitializationError: no' });
      else world.engine.set(pauseName, { ...freshlyCreated('pause'), status: 'running', startedAt: now, pid: 1 });
      return see(world, pauseName);
    case 'createVolume':
      world.record = withVolume(world.record, step.volume, { made: true });
      return;
    case 'create':
      // The name is taken: the container that is there is adopted.
      if (!world.engine.has(step.container)) {
        world.made += 1;
        const made = freshlyCreated(`id-${step.container}-${world.made}`);
        // Every other one has joined a prepared namespace.
        world.engine.set(step.container, world.made % 2 ? made : { ...made, holder: `holder-${world.made}` });
      }
      return see(world, step.container);
    case 'start': {
      const there = world.engine.get(step.container);
      if (there && there.status !== 'running') {
        if (fails)
          world.record = withEnd(world.record, step.container, { at: now, reason: 'CannotStartContainerError: no' });
        else {
          world.starts.set(step.container, (world.starts.get(step.container) ?? 0) + 1);
          world.engine.set(step.container, { ...there, status: 'running', startedAt: now, pid: 1 });
        }
      }
      return see(world, step.container);
    }
    case 'stop':
      exit(world, step.container, 137);
      return see(world, step.container);
    case 'releaseNetwork':
      expect(world.engine.get(step.container)?.status).not.toBe('running');
      world.record = withContainer(world.record, step.container, { networkReleased: true });
      return;
    case 'remove':
      world.engine.delete(step.container);
      return see(world, step.container);
    case 'removeVolume':
      world.record = withVolume(world.record, step.volume, { removed: true });
      return;
    case 'report':
      world.record = { ...world.record, reports: world.record.reports.filter((one) => one !== step.report) };
      if (step.report.status === 'STOPPED') world.record = { ...world.record, closedAt: now };
      return;
    case 'forget':
      return;
  }
}

function exit(world: World, name: string, exitCode: number): void {
  const there = world.engine.get(name);
  if (there?.status === 'running')
    world.engine.set(name, { ...there, status: 'exited', exitCode, finishedAt: world.now, pid: 0 });
}

type Happening =
  | { readonly kind: 'finish'; readonly which: number; readonly fails: boolean }
  | { readonly kind: 'exit' | 'lose'; readonly which: number; readonly code: number }
  | { readonly kind: 'stop' | 'crash' };

const happenings = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('finish' as const),
        which: fc.nat(),
        fails: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('exit' as const, 'lose' as const),
        which: fc.nat(),
        code: fc.constantFrom(0, 1),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('stop' as const, 'crash' as const) }) },
  ),
  { maxLength: 60 },
);

function happen(world: World, what: Happening): void {
  world.now += 1;
  const names = Object.keys(world.record.containers);
  switch (what.kind) {
    case 'finish': {
      const steps = [...world.busy];
      const [key, step] = steps[what.which % Math.max(1, steps.length)] ?? [];
      if (key === undefined || !step) return;
      perform(world, step, what.fails);
      world.busy.delete(key);
      break;
    }
    case 'exit':
    case 'lose': {
      const name = names[what.which % names.length] ?? '';
      if (what.kind === 'exit') exit(world, name, what.code);
      else if (world.engine.get(name)?.status === 'running') world.engine.delete(name);
      see(world, name);
      break;
    }
    case 'stop':
      world.record = { ...world.record, desired: 'STOPPED' };
      break;
    case 'crash': {
      // Killed: half of what was under way had reached the Engine; the agent comes back and looks.
      const steps = [...world.busy.values()];
      const record = world.record;
      for (const step of steps.slice(0, Math.ceil(steps.length / 2)))
        if (['create', 'start', 'stop', 'hold'].includes(step.kind)) perform(world, step, false);
      world.record = record;
      world.busy.clear();
      for (const name of names) see(world, name);
      break;
    }
  }
  evaluate(world);
}

function begin(task: AcsTask): World {
  const world: World = {
    record: newRecord(task),
    engine: new Map(),
    observed: new Map(),
    busy: new Map(),
    now: 1,
    made: 0,
    starts: new Map(),
  };
  evaluate(world);
  return world;
}

function drain(world: World, until: () => boolean): void {
  for (let at = 0; at < 200 && !until(); at++) happen(world, { kind: 'finish', which: at, fails: false });
}

describe('a restart policy', () => {
  const withPolicy = (more: object) =>
    taskWith([{ name: 'a', restartPolicy: { enabled: true, restartAttemptPeriod: 60, ...more } }]);
  const runs = (world: World) => world.starts.get('a');

  function ranFor(task: AcsTask, ms: number, code: number): World {
    const world = begin(task);
    drain(world, () => world.busy.size === 0);
    world.now += ms;
    happen(world, { kind: 'exit', which: 0, code });
    drain(world, () => world.busy.size === 0);
    return world;
  }

  test('starts the same container again when it ran long enough, and counts it', () => {
    const world = ranFor(withPolicy({}), 60_000, 1);
    expect(runs(world)).toBe(2);
    expect(world.made).toBe(1);
    expect(taskStatus(world.record)).toBe('RUNNING');
    expect(progressOf(world.record, 'a').restarts?.count).toBe(1);
    world.now += 60_000;
    happen(world, { kind: 'exit', which: 0, code: 0 });
    drain(world, () => world.busy.size === 0);
    expect(progressOf(world.record, 'a').restarts?.count).toBe(2);
  });

  test('ends the container after too short a run, with an ignored exit code, or when the task is to stop', () => {
    expect(taskStatus(ranFor(withPolicy({}), 50_000, 1).record)).toBe('STOPPED');
    expect(taskStatus(ranFor(withPolicy({ ignoredExitCodes: [0] }), 60_000, 0).record)).toBe('STOPPED');
    expect(taskStatus(ranFor(withPolicy({ ignoredExitCodes: [0] }), 60_000, 1).record)).toBe('RUNNING');
    expect(taskStatus(ranFor(withPolicy({ enabled: false }), 60_000, 1).record)).toBe('STOPPED');
    const world = ranFor(withPolicy({}), 60_000, 1);
    happen(world, { kind: 'stop' });
    drain(world, () => hasStopped(world.record));
    expect(progressOf(world.record, 'a').ended).toBeDefined();
    expect(runs(world)).toBe(2);
  });

  test('a crash between decision and start neither loses nor repeats the restart', () => {
    const world = begin(withPolicy({}));
    drain(world, () => world.busy.size === 0);
    world.now += 60_000;
    happen(world, { kind: 'exit', which: 0, code: 1 });
    happen(world, { kind: 'crash' });
    happen(world, { kind: 'crash' });
    drain(world, () => world.busy.size === 0);
    expect(runs(world)).toBe(2);
    expect(progressOf(world.record, 'a').restarts?.count).toBe(1);
  });
});

describe('plan', () => {
  test('never starts a container twice, and ends everything once a task is to stop', () => {
    fc.assert(
      fc.property(tasks, happenings, (task, list) => {
        const world = begin(task);
        for (const what of list) {
          happen(world, what);
          // Once, and once more for each restart that was decided.
          for (const [name, count] of world.starts)
            expect(count).toBeLessThanOrEqual(1 + (progressOf(world.record, name).restarts?.count ?? 0));
        }
        happen(world, { kind: 'stop' });
        drain(world, () => hasStopped(world.record) && world.engine.size === 0);
        expect(taskStatus(world.record)).toBe('STOPPED');
        expect([...world.engine.values()].filter((one) => one.status === 'running')).toEqual([]);
        expect([...world.engine]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('makes each container once when nothing goes wrong but crashes', () => {
    fc.assert(
      fc.property(
        tasks,
        fc.array(fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }), {
          maxLength: 40,
        }),
        fc.nat(),
        (task, crashes, seed) => {
          const plain = taskWith(
            task.containers.map((one) => ({ ...one, dependsOn: [] })),
            task.networkMode,
          );
          const world = begin(plain);
          for (const [at, crash] of crashes.entries())
            happen(world, crash ? { kind: 'crash' } : { kind: 'finish', which: at + seed, fails: false });
          drain(world, () => world.busy.size === 0);
          expect(taskStatus(world.record)).toBe('RUNNING');
          expect(world.made).toBe(plain.containers.length);
          for (const container of plain.containers) expect(world.engine.get(container.name)?.status).toBe('running');
        },
      ),
      { numRuns: 300 },
    );
  });

  test('reports RUNNING at most once before STOPPED, and nothing after it', () => {
    fc.assert(
      fc.property(tasks, happenings, (task, list) => {
        const world = begin(task);
        const told: string[] = [];
        const note = () => {
          const first = world.busy.get('report');
          if (first?.kind === 'report' && !told.includes(first.report.status)) told.push(first.report.status);
        };
        note();
        for (const what of [...list, { kind: 'stop' as const }]) {
          happen(world, what);
          note();
        }
        for (let at = 0; at < 200; at++) {
          happen(world, { kind: 'finish', which: 0, fails: false });
          note();
        }
        expect(['STOPPED', 'RUNNING,STOPPED']).toContain(told.join());
      }),
      { numRuns: 200 },
    );
  });

  test('settling a settled record changes nothing', () => {
    fc.assert(
      fc.property(tasks, happenings, (task, list) => {
        const world = begin(task);
        for (const what of list) happen(world, what);
        const once = settle(viewOf(world));
        expect(settle({ ...viewOf(world), record: once })).toBe(once);
      }),
    );
  });

  test('does not make a container again that was made and is gone, though nobody saw it run', () => {
    const made = withContainer(newRecord(taskWith([{ name: 'c0' }])), 'c0', { dockerId: 'id' });
    const view: View = { record: made, observed: new Map(), busy: new Set(), now: 1, keepStoppedMs: 60_000 };
    const record = settle(view);
    expect(progressOf(record, 'c0').ended?.reason).toContain('ContainerVanishedError');
    expect(plan({ ...view, record }).steps.map((step) => step.kind)).not.toContain('create');
  });

  test('stops all containers of a task together when an essential one ends', () => {
    const task = taskWith([{ name: 'a' }, { name: 'b', essential: false }, { name: 'c', essential: false }]);
    const world = begin(task);
    drain(world, () => world.busy.size === 0);
    happen(world, { kind: 'exit', which: 0, code: 1 });
    expect([...world.busy.values()].filter((step) => step.kind === 'stop').map((step) => step.container)).toEqual([
      'b',
      'c',
    ]);
  });

  test('stops a dependent container before what it depends on', () => {
    const task = taskWith([{ name: 'db' }, { name: 'web', dependsOn: [{ containerName: 'db', condition: 'START' }] }]);
    const world = begin(task);
    drain(world, () => world.busy.size === 0);
    happen(world, { kind: 'stop' });
    expect([...world.busy.values()].map((step) => 'container' in step && step.container)).toContain('web');
    expect([...world.busy.values()].some((step) => step.kind === 'stop' && step.container === 'db')).toBe(false);
    happen(world, { kind: 'finish', which: [...world.busy.keys()].indexOf('container web'), fails: false });
    expect([...world.busy.values()].some((step) => step.kind === 'stop' && step.container === 'db')).toBe(true);
  });

  test('ends a container whose dependency misses its startTimeout, at that time', () => {
    const task = taskWith([
      { name: 'slow', startTimeout: 5, healthCheckType: 'docker' },
      { name: 'waits', dependsOn: [{ containerName: 'slow', condition: 'HEALTHY' }] },
    ]);
    const world = begin(task);
    drain(world, () => world.busy.size === 0);
    const startedAt = progressOf(world.record, 'slow').startedAt ?? 0;
    expect(plan(viewOf(world)).wakeAt).toBe(startedAt + 5000);
    world.now = startedAt + 5000;
    evaluate(world);
    expect(progressOf(world.record, 'waits').ended?.reason).toContain('startTimeout of 5 seconds');
  });
});
