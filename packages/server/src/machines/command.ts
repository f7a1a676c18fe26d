// A group whose machines a program of the operator's makes, for any cloud: it is called with one JSON object on its standard
// input and answers one on its standard output. docs/capacity.md tells its form.
import { errorText } from '@longshore/base';
import { z } from 'zod';
import { exec } from './exec.ts';
import type { Bounds, LaunchOrder, RunningGroup } from './types.ts';

export interface CommandOptions extends Bounds {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
  /** Where the machine's agent finds this server. */
  readonly endpoint: string;
  readonly region: string;
}

const idSchema = z.string().regex(/^[\x21-\x7e]{1,128}$/);
const launched = z.object({ id: idSchema });
const listed = z.object({ ids: z.array(idSchema).max(10_000) });

export function commandGroup(options: CommandOptions): RunningGroup {
  const { name: group, endpoint, region } = options;

  async function call<T>(action: string, more: object, answer: z.ZodType<T>): Promise<T> {
    const input = JSON.stringify({ action, group, ...more });
    const text = await exec(options.command, options.timeoutMs, input);
    try {
      return answer.parse(JSON.parse(text));
    } catch (error) {
      throw new Error(`the command of machine group ${group} gave no answer to ${action}: ${errorText(error)}`, {
        cause: error,
      });
    }
  }

  return {
    minSize: options.minSize,
    maxSize: options.maxSize,
    size: options.size,
    prepare: async () => undefined,
    resume: async () => undefined,
    async launch(order: LaunchOrder) {
      return (await call('launch', { ...order, endpoint, region }, launched)).id;
    },
    async list() {
      return (await call('list', {}, listed)).ids;
    },
    async terminate(id) {
      await call('terminate', { id }, z.object({}));
    },
  };
}
