// Managed scaling as arithmetic: how many instances a capacity provider needs, and how many to ask for or let go. Pure.
// Source: Amazon ECS Developer Guide, "Automatically manage Amazon ECS capacity with cluster auto scaling", and the AWS
// Containers blog, "Deep Dive on Amazon ECS Cluster Auto Scaling": with N instances there and M needed to run every task,
// waiting ones included, CapacityProviderReservation = M / N × 100, and the group is kept where that is the target.

export interface Size {
  readonly cpu: number;
  readonly memory: number;
}

export interface ScalingState {
  /** Instances that can take tasks. */
  readonly present: number;
  /** Of these, how many run no task. */
  readonly empty: number;
  /** Machines that were asked for and have not joined yet. */
  readonly coming: number;
  /** Every machine of the group that this provider asked for, whatever its state. */
  readonly machines: number;
  /** What each waiting task needs. */
  readonly waiting: readonly Size[];
  /** What one instance offers. */
  readonly instance: Size;
}

export interface ScalingRules {
  readonly targetCapacity: number;
  readonly minimumScalingStepSize: number;
  readonly maximumScalingStepSize: number;
  readonly minSize: number;
  readonly maxSize: number;
}

export interface ScalingPlan {
  /** Instances needed (M). */
  readonly needed: number;
  /** CapacityProviderReservation, in percent. */
  readonly reservation: number;
  readonly launch: number;
  /** Empty instances that are not needed any more. */
  readonly release: number;
}

/** M / N × 100; without instances 100 if none is needed and 200 if some are, as ECS defines it. */
export function reservationOf(needed: number, present: number): number {
  if (present === 0) return needed === 0 ? 100 : 200;
  return (needed / present) * 100;
}

/** How many new instances the tasks take, first fit by decreasing size. Tasks too big for any instance count for none. */
export function instancesFor(tasks: readonly Size[], instance: Size): number {
  const share = (task: Size) =>
    Math.max(instance.cpu > 0 ? task.cpu / instance.cpu : 0, instance.memory > 0 ? task.memory / instance.memory : 0);
  const fitting = tasks.filter((task) => task.cpu <= instance.cpu && task.memory <= instance.memory);
  const free: { cpu: number; memory: number }[] = [];
  for (const task of fitting.toSorted((a, b) => share(b) - share(a))) {
    const room = free.find((each) => each.cpu >= task.cpu && each.memory >= task.memory);
    if (room === undefined) free.push({ cpu: instance.cpu - task.cpu, memory: instance.memory - task.memory });
    else {
      room.cpu -= task.cpu;
      room.memory -= task.memory;
    }
  }
  return free.length;
}

export function planScaling(state: ScalingState, rules: ScalingRules): ScalingPlan {
  const { present, empty, coming } = state;
  const extra = instancesFor(state.waiting, state.instance);
  // Waiting tasks did not fit on what is there: it is needed as it is, and more.
  const needed = extra > 0 ? present + extra : present - empty;
  const reservation = reservationOf(needed, present);
  const wanted = Math.max(rules.minSize, Math.ceil((needed * 100) / rules.targetCapacity));
  const missing = wanted - present - coming;
  if (missing > 0) {
    // In steps of at least the minimum, but never beyond the group's bounds.
    const step = Math.min(Math.max(missing, rules.minimumScalingStepSize), rules.maximumScalingStepSize);
    const launch = Math.max(0, Math.min(step, rules.maxSize - state.machines));
    return { needed, reservation, launch, release: 0 };
  }
  const surplus = extra > 0 || coming > 0 ? 0 : present - wanted;
  const release = Math.max(0, Math.min(surplus, empty, rules.maximumScalingStepSize));
  return { needed, reservation, launch: 0, release };
}
