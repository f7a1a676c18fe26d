// The tasks of this agent on disk: one JSON file a task (mode 0600: environments hold secrets).
import { join } from 'node:path';
import {
  digestHex,
  digestOf,
  type Disk,
  errorText,
  type Logger,
  openFolder,
  readIfThere,
  realDisk,
  removeDurably,
  writeDurably,
} from '@longshore/base';
import type { TaskRecord } from '../task/types.ts';
import { checkTask } from '../task/validate.ts';

const maxTaskBytes = 8 * 1024 * 1024;
const maxTasks = 10_000;

export interface TaskFiles {
  /** Every task that was saved. A file that is not understood is logged and left alone. */
  load(): Promise<readonly TaskRecord[]>;
  /** Durable when it resolves. */
  save(record: TaskRecord): Promise<void>;
  remove(taskArn: string): Promise<void>;
}

function isRecord(value: unknown): value is TaskRecord {
  if (!value || typeof value !== 'object') return false;
  const record = value as Partial<TaskRecord>;
  return (
    record.format === 1 &&
    (record.desired === 'RUNNING' || record.desired === 'STOPPED') &&
    Array.isArray(record.reports) &&
    'task' in checkTask(record.task) &&
    (record.task?.containers ?? []).every((container) => record.containers?.[container.name] !== undefined)
  );
}

export function openTaskFiles(options: {
  readonly dataDir: string;
  readonly log: Logger;
  readonly disk?: Disk;
}): TaskFiles {
  const { disk = realDisk } = options;
  const dir = join(options.dataDir, 'tasks');
  const fileOf = (arn: string) => join(dir, `${digestHex(digestOf(arn)).slice(0, 40)}.json`);
  return {
    async load() {
      const records: TaskRecord[] = [];
      for (const name of (await openFolder(dir, disk)).slice(0, maxTasks)) {
        if (!name.endsWith('.json')) continue;
        try {
          const value: unknown = JSON.parse((await readIfThere(join(dir, name), maxTaskBytes, disk)) ?? '');
          if (!isRecord(value)) throw new Error('it is not a task of this format');
          records.push(value);
        } catch (error) {
          options.log.error({ file: name, problem: errorText(error) }, 'a task file cannot be read and is left alone');
        }
      }
      return records;
    },
    save: (record) => writeDurably(fileOf(record.task.arn), JSON.stringify(record), disk),
    remove: (arn) => removeDurably(fileOf(arn), disk),
  };
}
