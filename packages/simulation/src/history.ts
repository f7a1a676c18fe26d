// What truly happened to the containers of all machines, seen by nobody in the world: the witness of the simulation. What
// must never happen is said at once.

export interface History {
  /** Throws nothing: what is wrong is collected in `faults`. */
  made(container: Live): void;
  started(container: Live): void;
  stopped(id: string): void;
  removed(id: string): void;
  live(): readonly Live[];
  liveOf(taskArn: string): readonly Live[];
  starts(): number;
  fault(what: string): void;
  faults(): readonly string[];
}

export interface Live {
  /** The Engine's id. */
  readonly id: string;
  readonly machine: string;
  readonly taskArn: string;
  readonly container: string;
}

/** `mayStart` says why a task's container must not start now, if there is a reason. */
export function createHistory(mayStart: (taskArn: string) => string | undefined): History {
  const live = new Map<string, Live>();
  const existing = new Map<string, Live>();
  const counts = new Map<string, number>();
  const faults: string[] = [];
  let starts = 0;
  const fault = (what: string) => {
    if (faults.length < 20) faults.push(what);
  };
  const same = (a: Live, b: Live) => a.taskArn === b.taskArn && a.container === b.container;
  return {
    made(container) {
      const twin = [...existing.values()].find((one) => same(one, container));
      if (twin) fault(`two containers of ${container.taskArn} ${container.container}: ${twin.id} and ${container.id}`);
      existing.set(container.id, container);
    },
    started(container) {
      starts += 1;
      const key = `${container.taskArn} ${container.container}`;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      const twin = [...live.values()].find((one) => same(one, container));
      if (twin) fault(`two live containers of ${key}: on ${twin.machine} and on ${container.machine}`);
      else if (count > 1) fault(`a container was started ${count} times: ${key}`);
      const problem = mayStart(container.taskArn);
      if (problem !== undefined) fault(`${key} was started on ${container.machine} although ${problem}`);
      live.set(container.id, container);
    },
    stopped: (id) => void live.delete(id),
    removed: (id) => void existing.delete(id),
    live: () => [...live.values()],
    liveOf: (taskArn) => [...live.values()].filter((one) => one.taskArn === taskArn),
    starts: () => starts,
    fault,
    faults: () => faults,
  };
}
