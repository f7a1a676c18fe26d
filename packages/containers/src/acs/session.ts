// One agent's control session: manifest first, then every task whose desired status it has not acknowledged, again after
// a while if it does not answer; heartbeats; answers to its questions. The store is the only memory that counts.
import type { AcsServerMessages } from '@longshore/aws';
import { errorText, newUuid } from '@longshore/base';
import type { VersionInfo } from '@aws-sdk/client-ecs';
import type { WebSocket } from 'ws';
import { agentSocket, type AgentSocket } from '../agent-socket.ts';
import type { Core } from '../core.ts';
import { type DefinitionRecord, findDefinitionsByArn } from '../definitions.ts';
import type { InstanceRecord } from '../instances.ts';
import type { DesiredStatus, TaskRecord } from '../tasks.ts';
import { connectInstance, disconnectInstance } from './connection.ts';
import { acknowledge, type Fresh, manifestOf, offer, undelivered } from './deliveries.ts';
import { readAcsFrame } from './frames.ts';
import { acsTask } from './payload.ts';
import { type KeysOfTask, keysOfTask, renewEveryMs, stopWithoutRole, tasksWithRoles } from './role-keys.ts';
import { heartbeatEveryMs, silenceMs } from '../liveness/times.ts';
import { verifyStops } from './stop-verification.ts';

export interface AcsSession {
  readonly instanceArn: string;
  readonly connectionId: string;
  /** There may be something to deliver. What is `fresh` is, and is not looked for in the store. */
  wake(fresh?: readonly Fresh[]): void;
  /** Asks the agent to run a command; false if that could not be sent. */
  execute(order: Omit<AcsServerMessages['ExecuteCommandMessage'], 'messageId'>): boolean;
  /** Ends the session; the tasks run on. Resolves when the store knows. */
  end(reason: string): Promise<void>;
}

export interface AcsSessionOptions {
  readonly core: Core;
  readonly socket: WebSocket;
  readonly instanceArn: string;
  readonly registryHost: string;
  /** Of the agent and its Engine, as it said when it connected. */
  readonly versions: VersionInfo;
  /** How many agents this replica has. */
  readonly agents: () => number;
  readonly onOpen: (session: AcsSession) => void;
  readonly onEnd: (session: AcsSession) => void;
}

const maxFrameBytes = 1024 * 1024;
/** Payloads on their way at once; the rest waits for acknowledgements. */
const window = 64;
/** A payload that is not acknowledged for so long is sent again; that is safe, agents key on the task's ARN. */
const resendMs = 30_000;

interface Sent {
  readonly taskArn: string;
  readonly desired: DesiredStatus;
  readonly at: number;
}

export function acsSession(options: AcsSessionOptions): AcsSession {
  const { core, instanceArn } = options;
  const { store, clock } = core;
  const log = core.log;
  const connectionId = newUuid();
  const sent = new Map<string, Sent>();
  let instance: InstanceRecord | undefined;
  let wanted = false;
  let handed: Fresh[] = [];
  let keysDue = 0;
  let delivering = false;
  let leaving = false;
  /** There may be tasks to deliver beyond those under way. */
  let more = false;
  const acknowledged = new Set<string>();
  let acknowledging = false;

  const socket: AgentSocket = agentSocket({
    socket: options.socket,
    clock,
    log,
    maxFrameBytes,
    silenceMs: () => silenceMs(core.liveness, options.agents()),
    onFrame: handleFrame,
  });

  async function handleFrame(text: string): Promise<void> {
    const frame = readAcsFrame(text);
    core.counters.agentFrames.add(1, { socket: 'acs', type: frame.type });
    switch (frame.type) {
      case 'AckRequest': {
        const known = sent.get(frame.message.messageId);
        if (known !== undefined) noteAcknowledged(frame.message.messageId);
        return;
      }
      case 'TaskStopVerificationMessage': {
        const { messageId, stopCandidates } = frame.message;
        const stopTasks = await verifyStops(store, instanceArn, instance?.clusterArn ?? '', stopCandidates);
        if (stopTasks.length > 0)
          log.info({ instance: instanceArn, tasks: stopTasks.length }, 'an agent holds tasks that should be stopped');
        socket.send('TaskStopVerificationAck', { messageId, generatedAt: clock.now(), stopTasks });
        return;
      }
      case 'NackRequest':
        log.warn({ instance: instanceArn, reason: frame.message.reason }, 'an agent refused a message');
        return;
      case 'IAMRoleCredentialsAckRequest':
      case 'HeartbeatAckRequest':
        return;
      case 'unknown':
        log.debug({ instance: instanceArn, type: frame.name }, 'a message of an unknown type was ignored');
        return;
      case 'malformed':
        log.warn({ instance: instanceArn, problem: frame.problem }, 'a malformed message was ignored');
        return;
    }
  }

  /** Acknowledgements are written together: those that come while one write is under way go with the next. */
  async function writeAcknowledged(): Promise<void> {
    while (acknowledged.size > 0) {
      const ids = [...acknowledged];
      acknowledged.clear();
      const known = ids.flatMap((id) => sent.get(id) ?? []);
      if (known.length > 0) await acknowledge(store, known);
      for (const id of ids) sent.delete(id);
      if (more && underWay(clock.now()).length <= window / 2) wake();
    }
  }

  function noteAcknowledged(messageId: string): void {
    acknowledged.add(messageId);
    if (acknowledging) return;
    acknowledging = true;
    writeAcknowledged()
      .catch((error: unknown) => {
        log.error(
          { err: error, instance: instanceArn, problem: errorText(error) },
          'an acknowledgement was not written',
        );
        socket.close(1011, 'the frame could not be handled');
      })
      .finally(() => {
        acknowledging = false;
      });
  }

  /** What is on its way to the agent and may still be answered. */
  function underWay(now: number): Sent[] {
    return [...sent.values()].filter((each) => now - each.at < resendMs);
  }

  async function deliverRound(): Promise<void> {
    const now = clock.now();
    // An acknowledgement that comes after so long is not waited for: the task was sent again since.
    for (const [id, each] of sent) if (now - each.at > 10 * resendMs) sent.delete(id);
    const sentLately = underWay(now);
    const free = window - sentLately.length;
    if (instance === undefined) return;
    more = free <= 0;
    if (more) return;
    const batch = await undelivered(store, instanceArn, sentLately, free);
    more = batch.length === free;
    if (batch.length === 0) return;
    const definitions = await findDefinitionsByArn(
      store,
      batch.map((task) => task.definitionArn),
    );
    await sendOffered(batch, definitions);
  }

  /** Sends what is not with the agent yet, once it is durable that it may be. */
  async function sendOffered(
    batch: readonly TaskRecord[],
    definitions: ReadonlyMap<string, DefinitionRecord>,
  ): Promise<void> {
    const keys = await readyKeys(batch);
    const offered = await offer(
      store,
      batch.filter((task) => keys.has(task.arn)),
    );
    for (const task of batch)
      if (offered.has(task.arn)) send(task, definitions, keys.get(task.arn));
      else wanted = true;
  }

  /** The keys of the tasks' roles, by ARN. One whose role cannot be taken is stopped, and is not among them. */
  async function readyKeys(tasks: readonly TaskRecord[]): Promise<ReadonlyMap<string, KeysOfTask>> {
    const ready = new Map<string, KeysOfTask>();
    for (const task of tasks) {
      const keys = await keysOfTask(core, task);
      if (keys.refused === undefined) ready.set(task.arn, keys);
      else await stopWithoutRole(core, task.arn, keys.refused);
    }
    return ready;
  }

  /** What was launched just now and fitted into the window; the store has the rest. */
  async function deliverHanded(): Promise<void> {
    const batch = handed;
    handed = [];
    await sendOffered(
      batch.map(({ task }) => task),
      new Map(batch.map(({ definition }) => [definition.arn, definition])),
    );
  }

  /** Gives the agent new keys for the roles of its tasks; it has none any more when it was started anew. */
  async function renewKeys(): Promise<void> {
    keysDue = clock.now() + renewEveryMs;
    for (const task of await tasksWithRoles(core, instanceArn)) {
      const { task: application, execution, refused } = await keysOfTask(core, task);
      // One that runs goes on without keys.
      if (refused !== undefined && task.startedAt === undefined) await stopWithoutRole(core, task.arn, refused);
      for (const [roleType, roleCredentials] of [
        ['TaskApplication', application],
        ['TaskExecution', execution],
      ] as const)
        if (roleCredentials !== undefined)
          socket.send('IAMRoleCredentialsMessage', {
            messageId: newUuid(),
            taskArn: task.arn,
            roleType,
            roleCredentials,
          });
    }
  }

  function send(
    task: TaskRecord,
    definitions: ReadonlyMap<string, DefinitionRecord>,
    keys: KeysOfTask | undefined,
  ): void {
    const definition = definitions.get(task.definitionArn);
    if (definition === undefined || instance === undefined) return;
    const context = { registryHost: options.registryHost, region: core.region, keys };
    const messageId = newUuid();
    const done = socket.send('PayloadMessage', {
      messageId,
      clusterArn: task.clusterArn,
      containerInstanceArn: instanceArn,
      // One task a message: an agent acknowledges a message only if every task in it is valid.
      tasks: [acsTask(task, definition, context)],
      seqNum: instance.timeline,
      generatedAt: clock.now(),
    });
    if (!done) return;
    sent.set(messageId, { taskArn: task.arn, desired: task.desiredStatus, at: clock.now() });
    core.counters.deliveries.add(1, { desired: task.desiredStatus });
  }

  async function deliver(): Promise<void> {
    if (delivering) return;
    delivering = true;
    try {
      while ((wanted || handed.length > 0) && !socket.closed.aborted) {
        if (handed.length > 0) {
          await deliverHanded();
          continue;
        }
        wanted = false;
        await deliverRound();
      }
    } catch (error) {
      // The slow poll tries again.
      log.error({ err: error, instance: instanceArn, problem: errorText(error) }, 'tasks could not be delivered');
    } finally {
      delivering = false;
    }
  }

  function wake(fresh?: readonly Fresh[]): void {
    if (fresh !== undefined && !more && handed.length + fresh.length + underWay(clock.now()).length <= window)
      handed.push(...fresh);
    else wanted = true;
    if (instance !== undefined) void deliver();
  }

  async function beat(): Promise<void> {
    // The first comes at a moment of its own, so that agents which connected at once do not answer at once for ever.
    const pause = () => heartbeatEveryMs(core.liveness, options.agents());
    await clock.sleep(pause() * Math.random(), socket.closed);
    while (!socket.closed.aborted) {
      socket.send('HeartbeatMessage', { messageId: newUuid(), healthy: true });
      if (clock.now() >= keysDue) await renewKeys();
      await clock.sleep(pause(), socket.closed);
    }
  }

  async function open(): Promise<void> {
    const connected = await connectInstance(
      store,
      instanceArn,
      { id: connectionId, replica: core.replica, versions: options.versions },
      clock.now(),
    );
    if (connected === undefined) return socket.close(1008, 'InactiveInstanceException: register the instance anew');
    options.onOpen(session);
    const tasks = await manifestOf(store, instanceArn);
    socket.send('TaskManifestMessage', {
      messageId: newUuid(),
      clusterArn: connected.clusterArn,
      containerInstanceArn: instanceArn,
      tasks,
      generatedAt: clock.now(),
      timeline: connected.timeline,
    });
    instance = connected;
    await renewKeys();
    log.info({ instance: instanceArn, tasks: tasks.length }, 'an agent is connected');
    wake();
    // The keeper may have waited for room.
    core.wakeKeeper();
    await beat();
  }

  async function run(): Promise<void> {
    try {
      await open();
    } catch (error) {
      log.error({ err: error, instance: instanceArn, problem: errorText(error) }, 'an agent session failed');
      socket.close(1011, 'the session failed');
    } finally {
      options.onEnd(session);
      if (instance !== undefined) await sayDisconnected(instance);
    }
  }

  async function sayDisconnected(known: InstanceRecord): Promise<void> {
    try {
      const now = clock.now();
      // Where the control plane goes away, its agents need time to find it again.
      const { lostAfterMs, returnGraceMs } = core.liveness;
      await disconnectInstance(store, known, connectionId, now, now + (leaving ? returnGraceMs : lostAfterMs));
      core.wakeKeeper();
      log.info({ instance: instanceArn }, 'an agent is disconnected');
    } catch (error) {
      log.error({ err: error, instance: instanceArn, problem: errorText(error) }, 'a disconnection was not recorded');
    }
  }

  const session: AcsSession = {
    instanceArn,
    connectionId,
    wake,
    execute: (order) => socket.send('ExecuteCommandMessage', { messageId: newUuid(), ...order }),
    end(reason) {
      leaving = true;
      socket.close(1001, reason);
      return running;
    },
  };
  const running = run();
  return session;
}
