// Where tasks are reached, and when a task that is to stop may go to its agent.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askToStop, applyReport, letGo } from '../task-state.ts';
import { isUndelivered } from '../tasks.ts';
import { newTaskRecord } from '../testing/records.ts';
import type { TargetState } from '../types.ts';
import { type AttachedTask, type Machine, placeOfPort, planConsequences, planRegistrations } from './plan.ts';

const group = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1';
const registry = 'arn:aws:servicediscovery:us-east-1:123456789012:service/srv-1';
const machine: Machine = { id: 'i-1', address: '10.0.0.7' };
const machines = new Map([['m', machine]]);

function attached(arn: string, more: Partial<AttachedTask> = {}): AttachedTask {
  return {
    arn,
    clusterName: 'default',
    serviceName: 'web',
    family: 'web',
    region: 'us-east-1',
    instanceArn: 'm',
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    healthStatus: 'UNKNOWN',
    targetHealth: 'INITIAL',
    targets: {
      loadBalancers: [{ targetGroupArn: group, containerName: 'main', containerPort: 80 }],
      serviceRegistries: [{ registryArn: registry, containerName: 'main', containerPort: 80 }],
      networkMode: 'bridge',
    },
    containers: [
      {
        name: 'main',
        essential: true,
        hasHealthCheck: false,
        networkBindings: [
          { bindIP: '::', containerPort: 80, hostPort: 32769, protocol: 'tcp' },
          { bindIP: '0.0.0.0', containerPort: 80, hostPort: 32768, protocol: 'tcp' },
        ],
      },
    ],
    ...more,
  };
}

describe('where a port is reached', () => {
  test('by the address of its machine, by the one it is bound to, or by its own', () => {
    expect(placeOfPort(attached('t'), 'main', 80, machine)).toEqual({ address: '10.0.0.7', port: 32768 });
    const local = [{ bindIP: '127.0.0.1', containerPort: 80, hostPort: 32768, protocol: 'tcp' as const }];
    const containers = [{ name: 'main', essential: true, hasHealthCheck: false, networkBindings: local }];
    expect(placeOfPort(attached('t', { containers }), 'main', 80, machine)?.address).toBe('127.0.0.1');
    expect(placeOfPort(attached('t', { privateAddress: '172.31.0.2' }), 'main', 80, machine)).toEqual({
      address: '172.31.0.2',
      port: 80,
    });
    const targets = { ...attached('t').targets, networkMode: 'host' };
    const bare = containers.map((each) => ({ ...each, networkBindings: [] }));
    expect(placeOfPort(attached('t', { containers: bare, targets }), 'main', 80, machine)).toEqual({
      address: '10.0.0.7',
      port: 80,
    });
    expect(placeOfPort(attached('t', { containers: bare }), 'main', 80, machine)).toBeUndefined();
    expect(placeOfPort(attached('t'), 'main', 80, { id: 'i', address: undefined })).toBeUndefined();
  });

  test('only a task that runs and shall run is registered', () => {
    const tasks = [
      attached('runs'),
      attached('starts', { lastStatus: 'PENDING' }),
      attached('drains', { lastStatus: 'DEACTIVATING', desiredStatus: 'STOPPED' }),
      attached('ended', { desiredStatus: 'STOPPED' }),
    ];
    const { targets, instances } = planRegistrations(tasks, machines);
    expect(targets).toEqual([
      { targetGroupArn: group, owner: 'runs', instanceId: 'i-1', address: '10.0.0.7', port: 32768 },
    ]);
    expect(instances).toMatchObject([
      { registryArn: registry, owner: 'runs', port: 32768, healthy: true, attributes: { AWS_INSTANCE_PORT: '32768' } },
    ]);
  });
});

describe('what follows from the states of targets', () => {
  const condition = fc.constantFrom('initial', 'healthy', 'unhealthy', 'draining', 'unused');
  test('a task goes to its agent only when no load balancer has it, whatever the states', () => {
    const life = fc.constantFrom('RUNNING', 'DEACTIVATING', 'STOPPING');
    fc.assert(
      fc.property(fc.array(fc.tuple(life, fc.option(condition)), { maxLength: 12 }), (lives) => {
        const tasks = lives.map(([lastStatus], i) =>
          attached(`t${i}`, { lastStatus, desiredStatus: lastStatus === 'RUNNING' ? 'RUNNING' : 'STOPPED' }),
        );
        const states = lives.flatMap(([, state], i): TargetState[] =>
          state === null ? [] : [{ targetGroupArn: group, owner: `t${i}`, state }],
        );
        const { free, health } = planConsequences(tasks, states);
        const due = tasks.filter((each, i) => each.lastStatus === 'DEACTIVATING' && lives[i]?.[1] === null);
        expect(free).toEqual(due.map((each) => each.arn));
        for (const each of health) {
          const state = states.find((one) => one.owner === each.arn)?.state;
          const fitting = { HEALTHY: ['healthy', 'unused'], UNHEALTHY: ['unhealthy'], INITIAL: [state], '': [] };
          expect(fitting[each.health]).toContain(state);
        }
      }),
    );
  });
});

describe('a task with a load balancer', () => {
  const targets = attached('t').targets;
  const { document } = newTaskRecord();
  const running = newTaskRecord({
    lastStatus: 'RUNNING',
    offered: true,
    acked: 'RUNNING',
    startedAt: 5,
    document: { ...document, targets },
  });

  test('is drained before its agent is told, and only then is there something to deliver', () => {
    const told = askToStop(running, 'UserInitiated', 'enough', 10);
    expect(told).toMatchObject({ lastStatus: 'DEACTIVATING', desiredStatus: 'STOPPED', version: running.version + 1 });
    expect(told && isUndelivered(told)).toBe(false);
    const gone = told && letGo(told);
    expect(gone).toMatchObject({ lastStatus: 'STOPPING', version: running.version + 2 });
    expect(gone && isUndelivered(gone)).toBe(true);
    expect(gone && letGo(gone)).toBeUndefined();
  });

  test('that ends by itself meanwhile is STOPPED, and a late report of RUNNING takes nothing back', () => {
    const told = askToStop(running, 'UserInitiated', 'enough', 10);
    if (told === undefined) throw new Error('it was not told');
    const late = applyReport(told, { status: 'RUNNING', containers: [] }, 11);
    expect(late?.lastStatus ?? 'DEACTIVATING').toBe('DEACTIVATING');
    expect(applyReport(told, { status: 'STOPPED', containers: [] }, 12)?.lastStatus).toBe('STOPPED');
  });

  test('that never ran has nothing to drain', () => {
    const pending = { ...running, lastStatus: 'PENDING' as const, startedAt: undefined };
    expect(askToStop(pending, 'UserInitiated', 'enough', 10)?.lastStatus).toBe('PENDING');
  });
});
