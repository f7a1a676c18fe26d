// The file of machine groups (setting `machineGroups`), read and checked.
import { readFile } from 'node:fs/promises';
import { errorText, UserError } from '@longshore/base';
import { z } from 'zod';

const common = {
  name: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'up to 64 letters, digits and hyphens'),
  /** The account whose capacity providers may use it; the first one if left out. */
  account: z
    .string()
    .regex(/^\d{12}$/, 'twelve digits')
    .optional(),
  minSize: z.number().int().min(0).max(10_000).default(0),
  maxSize: z.number().int().min(0).max(10_000),
  /** What one machine offers for tasks. */
  cpu: z.number().int().min(1).max(1_000_000),
  memory: z.number().int().min(1).max(100_000_000),
  /** Where machines find this server, if not at its public URL or where it listens. */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
};

const groupSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('local'),
    bridge: z
      .string()
      .regex(/^[a-z][a-z0-9]{0,14}$/)
      .default('longshore0'),
    address: z
      .string()
      .regex(/^(?:\d{1,3}\.){3}1\/24$/, 'an address like 10.89.7.1/24')
      .default('10.89.7.1/24'),
    outside: z.boolean().default(false),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('command'),
    command: z.array(z.string().min(1)).min(1),
    timeoutSeconds: z.number().min(1).max(600).default(60),
  }),
]);

export type GroupSettings = z.infer<typeof groupSchema>;

/** Throws `UserError`. */
export async function readMachineGroups(file: string | undefined): Promise<readonly GroupSettings[]> {
  if (file === undefined) return [];
  const problem = (what: string) => new UserError(`The machine groups in ${file} cannot be used: ${what}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw problem(errorText(error));
  }
  const read = z.strictObject({ groups: z.array(groupSchema).max(100) }).safeParse(parsed);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw problem(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { groups } = read.data;
  if (new Set(groups.map((each) => each.name)).size !== groups.length) throw problem('two groups have one name');
  return groups;
}
