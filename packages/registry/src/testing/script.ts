// For tests: a scripted scheduler. Tasks stop at gates; the script says which task passes its gate next, and the world
// stands still until that task is at its next gate or has ended. So an interleaving is data: repeatable and shrinkable.

export interface Task {
  readonly name: string;
  /** Where it stands. */
  at: string;
  state: 'running' | 'parked' | 'done' | 'dead';
  failure: unknown;
}

export interface Script {
  /** Waits until the script lets `task` go on. A task that died meanwhile never does. */
  gate(task: Task, at: string): Promise<void>;
  start(name: string, work: (task: Task) => Promise<void>): Task;
  /** Tasks that can go on. */
  parked(): readonly Task[];
  /** Lets one task pass its gate, and waits until it is at the next one. */
  step(task: Task): Promise<void>;
  /** As when the process dies: the task stays where it is for ever. */
  kill(task: Task): void;
  readonly tasks: readonly Task[];
}

export function createScript(): Script {
  const tasks: Task[] = [];
  const resumes = new Map<Task, () => void>();
  let settled: (() => void) | undefined;

  function stand(task: Task, state: Task['state']): void {
    task.state = state;
    settled?.();
  }

  return {
    tasks,
    gate(task, at) {
      task.at = at;
      return new Promise((resolve) => {
        if (task.state === 'dead') return;
        resumes.set(task, resolve);
        stand(task, 'parked');
      });
    },
    start(name, work) {
      const task: Task = { name, at: 'its beginning', state: 'parked', failure: undefined };
      tasks.push(task);
      resumes.set(task, () => {
        work(task).then(
          () => stand(task, 'done'),
          (error: unknown) => {
            task.failure = error;
            stand(task, 'done');
          },
        );
      });
      return task;
    },
    parked: () => tasks.filter((task) => task.state === 'parked'),
    async step(task) {
      const resume = resumes.get(task);
      if (task.state !== 'parked' || !resume) throw new Error(`${task.name} is ${task.state}`);
      const standing = new Promise<void>((resolve) => {
        settled = resolve;
      });
      task.state = 'running';
      resume();
      await standing;
      settled = undefined;
    },
    kill(task) {
      if (task.state === 'parked') task.state = 'dead';
    },
  };
}
