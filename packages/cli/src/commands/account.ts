// `longshore account`: the accounts of this installation. Only its first account may.
import type { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions } from '../connection.ts';
import { type Account, createAccount, listAccounts } from '../own-api.ts';
import { printJson } from '../print-json.ts';
import { shellExport } from '../shell-quote.ts';
import { type Column, formatTable } from '../table.ts';
import type { CliParts } from '../types.ts';
import { withServer } from '../with-server.ts';

interface AccountOptions extends ConnectionOptions {
  readonly json?: boolean;
}

export function define(command: Command, parts: CliParts): void {
  command
    .description('Creates and lists accounts. Only the first account, whose owner runs this installation, may.')
    .addHelpText('after', '\nExample:\n  longshore account create shop\n');
  const creating = command
    .command('create')
    .description('Creates an account and prints its root key, once, as shell exports.')
    .argument('<name>', 'what people call it')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  longshore account create shop > shop.env\n')
    .action((name: string, options: AccountOptions) => create(name, options, parts));
  const listing = command
    .command('list')
    .description('Lists the accounts.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  longshore account list\n')
    .action((options: AccountOptions) => list(options, parts));
  addConnectionOptions(creating);
  addConnectionOptions(listing);
}

async function create(name: string, options: AccountOptions, parts: CliParts): Promise<void> {
  const { io } = parts;
  await withServer(options, parts, async (connection) => {
    const made = await createAccount(connection, name);
    if (options.json) return printJson(io, made);
    io.err(`Account ${made.account.id} is made. This is its root key; it is shown this once:\n`);
    io.out(shellExport('AWS_ACCESS_KEY_ID', made.rootKey.accessKeyId));
    io.out(shellExport('AWS_SECRET_ACCESS_KEY', made.rootKey.secretAccessKey));
    io.out(shellExport('LONGSHORE_ACCOUNT', made.account.id));
  });
}

const columns: readonly Column<Account>[] = [
  { title: 'ACCOUNT', value: (account) => account.id },
  { title: 'NAME', value: (account) => account.name, min: 8 },
  {
    title: 'CREATED',
    value: ({ createdAt }) => (createdAt === undefined ? '-' : new Date(createdAt).toISOString().slice(0, 10)),
  },
];

async function list(options: AccountOptions, parts: CliParts): Promise<void> {
  await withServer(options, parts, async (connection) => {
    const accounts = await listAccounts(connection);
    if (options.json) return printJson(parts.io, accounts);
    parts.io.out(formatTable(columns, accounts, parts.io.columns));
  });
}
