// `longshore why`: for each machine what keeps a task from it; for a service, whether there is room for what it lacks.
import { UserError } from '@longshore/base';
import type { Command } from 'commander';
import { addConnectionOptions, type Connection, type ConnectionOptions } from '../connection.ts';
import { ecsClient, idOf } from '../ecs-client.ts';
import { findServices, findTask } from '../find-task.ts';
import { explainPlacement, type WhyAnswer, type WhyQuery } from '../own-api.ts';
import { printJson } from '../print-json.ts';
import { type Column, formatTable } from '../table.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface WhyOptions extends ConnectionOptions {
  readonly cluster?: string;
  readonly definition?: string;
  readonly json?: boolean;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description('Says why a task or the tasks of a service do not run: for each machine, all that speaks against it.')
    .argument('[name]', 'the id of a task (or its beginning), or the name of a service')
    .option('--definition <family>', 'ask whether a task of this definition would find room now')
    .option('--cluster <name>', 'only in this cluster')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  longshore why web\n  longshore why --definition web:3\n')
    .action((name: string | undefined, options: WhyOptions) => why(name, options, parts));
  addConnectionOptions(command);
}

async function why(name: string | undefined, options: WhyOptions, parts: CliParts): Promise<void> {
  if ((name === undefined) === (options.definition === undefined))
    throw new UserError(
      'Name a task or a service, or a definition with --definition.',
      'For example: longshore why web',
    );
  const { io } = parts;
  await withServer(options, parts, async (connection) => {
    const answer = await explainPlacement(connection, await queryOf(connection, name, options));
    if (options.json) return printJson(io, answer);
    io.out(whyText(answer));
    if (answer.answers.length > 0) io.out(`\n${formatTable(columns, answer.answers, io.columns)}`);
  });
}

/** A name is first looked for among the services, then among the tasks. */
async function queryOf(connection: Connection, name: string | undefined, options: WhyOptions): Promise<WhyQuery> {
  const cluster = options.cluster === undefined ? {} : { cluster: options.cluster };
  if (name === undefined) return { ...cluster, taskDefinition: options.definition ?? '' };
  const client = ecsClient(connection);
  try {
    const [service] = await findServices(client, name, options.cluster);
    if (service !== undefined) return service;
    const { clusterArn = '', taskArn = '' } = await findTask(client, name, { cluster: options.cluster, stopped: true });
    return { cluster: clusterArn, task: taskArn };
  } finally {
    client.destroy();
  }
}

function whyText(answer: WhyAnswer): string {
  const of = answer.kind === 'definition' ? '' : `, definition ${idOf(answer.taskDefinitionArn)}`;
  const head = `${answer.kind} ${idOf(answer.arn)}${of}`;
  const room =
    answer.instances === 0
      ? 'The cluster has no machines.'
      : `A task of it would fit on ${answer.fits} of ${answer.instances} machines now.`;
  const counts = Object.entries(answer.reasons).sort(([, a], [, b]) => b - a);
  const against = counts.length === 0 ? [] : [`Against: ${counts.map(([reason, n]) => `${reason} ${n}`).join(', ')}.`];
  return [head, ...answer.state, room, ...against].map((line) => `${line}\n`).join('');
}

type Row = WhyAnswer['answers'][number];

const columns: readonly Column<Row>[] = [
  { title: 'MACHINE', value: (each) => idOf(each.arn).slice(0, 12) },
  { title: 'FITS', value: (each) => (each.reasons.length === 0 ? 'yes' : 'no') },
  { title: 'WHY NOT', value: (each) => each.reasons.map((one) => one.detail).join('; '), min: 40 },
];
