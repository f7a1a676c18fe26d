// What must hold, asked of the store itself (not of what it answers) and of the machines.
import { sql } from '@longshore/store';
import type { MemoryDatabase } from '@longshore/store/memory';
import type { History, Live } from './history.ts';

interface TaskRow {
  readonly arn: string;
  readonly family: string;
  readonly last_status: string;
  readonly desired_status: string;
  readonly stop_code: string;
  /** The name of the service that keeps it. */
  readonly service?: string | null;
}

/** After every commit: reservations are exactly what the live tasks hold, no instance gives more than it has, counts are right. */
export function checkReservations(database: MemoryDatabase, history: History): void {
  const wrong = database.rows(sql`SELECT i.arn, i.cpu_registered, i.cpu_remaining, t.cpu, i.memory_registered,
      i.memory_remaining, t.memory
    FROM ecs_instances i LEFT JOIN (SELECT instance_arn, SUM(cpu) AS cpu, SUM(memory) AS memory FROM ecs_tasks
      WHERE last_status <> 'STOPPED' GROUP BY instance_arn) t ON t.instance_arn = i.arn
    WHERE i.cpu_remaining < 0 OR i.memory_remaining < 0
      OR i.cpu_remaining + COALESCE(t.cpu, 0) <> i.cpu_registered
      OR i.memory_remaining + COALESCE(t.memory, 0) <> i.memory_registered`);
  for (const row of wrong) history.fault(`reservations of an instance do not add up: ${JSON.stringify(row)}`);
  const counts = database.rows(sql`SELECT * FROM (SELECT instance_arn, task_group, tasks FROM ecs_placed
      UNION ALL SELECT instance_arn, task_group, -COUNT(*) FROM ecs_tasks
      WHERE last_status <> 'STOPPED' AND instance_arn <> '' GROUP BY instance_arn, task_group)
    GROUP BY instance_arn, task_group HAVING SUM(tasks) <> 0`);
  for (const row of counts) history.fault(`the tasks of a group are miscounted: ${JSON.stringify(row)}`);
  const ports = database.rows(sql`SELECT p.port, p.task_arn FROM ecs_ports p LEFT JOIN ecs_tasks t ON t.arn = p.task_arn
    WHERE p.task_arn <> '' AND (t.arn IS NULL OR t.last_status = 'STOPPED')`);
  for (const row of ports) history.fault(`a port is held by a task that has stopped: ${JSON.stringify(row)}`);
  const groups = database.rows(sql`SELECT instance_arn, task_group, SUM(tasks) AS too_many FROM (
      SELECT instance_arn, task_group, tasks FROM ecs_placed
      UNION ALL SELECT instance_arn, task_group, -1 FROM ecs_tasks WHERE last_status <> 'STOPPED' AND instance_arn <> '')
    GROUP BY instance_arn, task_group HAVING SUM(tasks) <> 0`);
  for (const row of groups) history.fault(`a group has other tasks than were counted: ${JSON.stringify(row)}`);
}

/** Why a container of this task must not start now. */
export function whyNotStart(database: MemoryDatabase, taskArn: string): string | undefined {
  const [task] = database.rows<{ last_status: string; instance: string }>(sql`SELECT t.last_status, i.status AS instance
    FROM ecs_tasks t JOIN ecs_instances i ON i.arn = t.instance_arn WHERE t.arn = ${taskArn}`);
  if (!task) return 'the control plane knows no such task';
  // Deregistered by force: its tasks are STOPPED by decision, and their machine may not have heard of it yet.
  if (task.last_status === 'STOPPED' && task.instance !== 'INACTIVE') return 'its task is STOPPED';
  return undefined;
}

/** When a container has started: what truly runs on a machine fits into it. */
export function checkMachine(
  database: MemoryDatabase,
  history: History,
  started: Live,
  size: { readonly cpu: number; readonly memory: number },
): void {
  const arns = new Set(history.live().flatMap((each) => (each.machine === started.machine ? [each.taskArn] : [])));
  let cpu = 0;
  let memory = 0;
  for (const arn of arns) {
    const [task] = database.rows<{ cpu: number; memory: number; instance: string }>(sql`SELECT t.cpu, t.memory,
      i.status AS instance FROM ecs_tasks t JOIN ecs_instances i ON i.arn = t.instance_arn WHERE t.arn = ${arn}`);
    if (!task || task.instance === 'INACTIVE') continue;
    cpu += task.cpu;
    memory += task.memory;
  }
  if (cpu > size.cpu || memory > size.memory)
    history.fault(`${started.machine} runs more than it has: ${cpu} cpu units and ${memory} MiB`);
}

/** An instance that runs something. */
export function busyInstance(database: MemoryDatabase): string {
  const [task] = database.rows<{ instance: string }>(
    sql`SELECT instance_arn AS instance FROM ecs_tasks WHERE last_status = 'RUNNING' ORDER BY arn`,
  );
  if (task === undefined) throw new Error('no instance runs anything');
  return task.instance;
}

/** Whether everything on an instance has stopped. */
export function isEmptied(database: MemoryDatabase, instance: string): boolean {
  const rest = sql`SELECT arn FROM ecs_tasks WHERE instance_arn = ${instance} AND last_status <> 'STOPPED'`;
  return database.rows(rest).length === 0;
}

const ranks = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
];

interface EventDetail {
  readonly taskArn: string;
  readonly version: number;
  readonly lastStatus: string;
  readonly desiredStatus: string;
}

/** Over all events: versions grow by one, states move forward only, nothing leaves STOPPED. */
export function checkEvents(database: MemoryDatabase, history: History): void {
  const seen = new Map<string, EventDetail>();
  const rows = database.rows<{ detail: string }>(
    sql`SELECT detail FROM outbox WHERE detail_type = 'ECS Task State Change' ORDER BY id`,
  );
  for (const row of rows) {
    const event = JSON.parse(row.detail) as EventDetail;
    const last = seen.get(event.taskArn);
    seen.set(event.taskArn, event);
    if (event.version !== (last?.version ?? 0) + 1)
      history.fault(`an event has version ${event.version} after ${last?.version ?? 0}: ${event.taskArn}`);
    if (last === undefined) continue;
    if (ranks.indexOf(event.lastStatus) < ranks.indexOf(last.lastStatus))
      history.fault(`a task went back from ${last.lastStatus} to ${event.lastStatus}: ${event.taskArn}`);
    if (last.desiredStatus === 'STOPPED' && event.desiredStatus !== 'STOPPED')
      history.fault(`a task is desired again after it was to stop: ${event.taskArn}`);
    if (last.lastStatus === 'STOPPED') history.fault(`a STOPPED task changed again: ${event.taskArn}`);
  }
  const stored = database.rows<{ arn: string; version: number }>(sql`SELECT arn, version FROM ecs_tasks`);
  for (const { arn, version } of stored)
    if (seen.get(arn)?.version !== version) history.fault(`version ${version} of ${arn} has no event`);
}

/** A call that was repeated with its token launched once. */
export function checkLaunches(database: MemoryDatabase, history: History, launches: ReadonlyMap<string, number>): void {
  const rows = database.rows<{ started_by: string; n: number }>(
    sql`SELECT started_by, COUNT(*) AS n FROM ecs_tasks WHERE service_arn = '' GROUP BY started_by`,
  );
  for (const { started_by: token, n } of rows)
    if (n > (launches.get(token) ?? 0))
      history.fault(`${n} tasks were launched by ${token}, not ${launches.get(token)}`);
}

/** What keeps the world from being as it was asked to be; empty when it is. */
export function unmet(
  database: MemoryDatabase,
  history: History,
  expected: {
    readonly machines: number;
    readonly tasks: ReadonlyMap<string, boolean>;
    readonly services: ReadonlyMap<string, { readonly desired: number; readonly family: string }>;
  },
): readonly string[] {
  const missing: string[] = [];
  const [connected] = database.rows<{ n: number }>(
    sql`SELECT COUNT(*) AS n FROM ecs_instances WHERE status = 'ACTIVE' AND connected = 1`,
  );
  if (connected?.n !== expected.machines)
    missing.push(`${connected?.n} of ${expected.machines} machines are connected`);
  const rows = database.rows<TaskRow>(
    sql`SELECT t.arn, t.family, t.last_status, t.desired_status, t.stop_code, s.name AS service FROM ecs_tasks t LEFT JOIN ecs_services s ON s.arn = t.service_arn`,
  );
  const tasks = new Map(rows.map((row) => [row.arn, row]));
  for (const [arn, task] of tasks) {
    if (task.last_status === 'STOPPED') {
      if (task.stop_code === '') missing.push(`${arn} stopped for no reason`);
      continue;
    }
    if (task.desired_status === 'STOPPED') missing.push(`${arn} is ${task.last_status} and should be STOPPED`);
    else if (task.last_status !== 'RUNNING') missing.push(`${arn} is ${task.last_status}`);
    else if (history.liveOf(arn).length === 0) missing.push(`${arn} is RUNNING and has no live container`);
  }
  for (const live of history.live()) {
    const status = tasks.get(live.taskArn)?.last_status ?? 'unknown';
    if (status !== 'RUNNING' && status !== 'PENDING')
      missing.push(`a container of ${live.taskArn} lives on ${live.machine}; its task is ${status}`);
  }
  for (const [arn, stopped] of expected.tasks) {
    const task = tasks.get(arn);
    if (!task) missing.push(`${arn} was promised and has vanished`);
    else if (stopped && task.last_status !== 'STOPPED') missing.push(`${arn} was to be stopped`);
  }
  for (const [name, { desired, family }] of expected.services) {
    const own = rows.filter((task) => task.last_status !== 'STOPPED' && task.service === name);
    const right = own.filter((task) => task.last_status === 'RUNNING' && task.family === family);
    if (right.length !== desired || own.length !== desired)
      missing.push(
        `service ${name} has ${right.length} of ${desired} tasks of ${family}, and ${own.length - right.length} others`,
      );
  }
  return missing;
}
