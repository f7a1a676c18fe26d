// Bugs to plant: each takes away one thing that the service or the agent relies on. The simulation must find every one,
// or nobody knows that it would find those that are made by accident.

export interface Bug {
  readonly name: string;
  /** Below `packages/`. */
  readonly file: string;
  /** Is found in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

export const bugs: readonly Bug[] = [
  {
    name: 'the agent acknowledges a task before it has saved it',
    file: 'agent/src/control/acs-messages.ts',
    find: 'await Promise.all(starts.map((task) => tasks.accept(task)));',
    replace: 'void Promise.all(starts.map((task) => tasks.accept(task))).catch(() => undefined);',
  },
  {
    name: 'the agent does not flush what it saves',
    file: 'base/src/durable-files.ts',
    find: 'await handle.datasync();',
    replace: '',
  },
  {
    name: 'the agent does not flush the folder of what it saves',
    file: 'base/src/durable-files.ts',
    find: 'await (await opening).sync();',
    replace: 'await opening;',
  },
  {
    name: "a container's name does not follow from its task",
    file: 'agent/src/execute/steps.ts',
    find: 'hands.engine.createContainer(dockerName, body, context.signal)',
    replace: 'hands.engine.createContainer(dockerName + hands.clock.now(), body, context.signal)',
  },
  {
    name: 'a container that vanished is taken for one that was never made',
    file: 'agent/src/plan/settle.ts',
    find: 'if (!seen && (progress.startedAt ?? progress.dockerId) !== undefined)',
    replace: 'if (!seen && false)',
  },
  {
    name: 'a state change that could not be told is forgotten',
    file: 'agent/src/execute/steps.ts',
    find: 'if (!(error instanceof ReportRefused)) throw error;',
    replace: '',
  },
  {
    name: 'the agent does not look again when the Engine was away',
    file: 'agent/src/tasks.ts',
    find: 'await lookAgain();\n',
    replace: '',
  },
  {
    name: 'a reservation is not compared with what is left',
    file: 'containers/src/instances.ts',
    find: 'AND cpu_remaining >= ${amount.cpu} AND memory_remaining >= ${amount.memory}`',
    replace: '`',
  },
  {
    name: 'what a task held is not given back',
    file: 'containers/src/task-steps.ts',
    find: "after.lastStatus === 'STOPPED' && before.lastStatus !== 'STOPPED'",
    replace: "after.lastStatus === 'STOPPED' && before.lastStatus === 'PENDING'",
  },
  {
    name: 'a report about a task that has stopped is taken',
    file: 'containers/src/task-state.ts',
    find: "if (task.lastStatus === 'STOPPED') return undefined;\n  const stopped = report.status",
    replace: 'const stopped = report.status',
  },
  {
    name: "a task's version is not compared",
    file: 'containers/src/tasks.ts',
    find: 'WHERE arn = ${before.arn} AND version = ${before.version} AND acked_desired',
    replace: 'WHERE arn = ${before.arn} AND acked_desired',
  },
  {
    name: 'a task is sent before it is written down that it may be with its agent',
    file: 'containers/src/acs/session.ts',
    find: 'await offer(\n      store,\n      batch.filter((task) => keys.has(task.arn)),\n    );',
    replace: 'new Set(keys.keys());',
  },
  {
    name: 'an agent that holds unknown tasks is told to keep them',
    file: 'containers/src/acs/stop-verification.ts',
    find: 'if (known === undefined || known.instance_arn !== instanceArn) return true;',
    replace: 'if (known === undefined || known.instance_arn !== instanceArn) return false;',
  },
  {
    name: 'a repeated RunTask does not find its token',
    file: 'containers/src/api/run-task.ts',
    find: 'token === undefined ? undefined : await findTokenResult(view, scope, digest, call.now)',
    replace: 'undefined',
  },
];
