// `longshore env`: what a shell needs so that docker, aws and the SDKs find this machine's Longshore. It reads the data
// folder only, never AWS_ENDPOINT_URL: an older answer of itself must not keep it from giving the newer one.
import { UserError } from '@longshore/base';
import type { Command } from 'commander';
import { registryHost } from '../connection.ts';
import { dataFolder, readCredentials, readRunning } from '../data-folder.ts';
import { printJson } from '../print-json.ts';
import { shellExport } from '../shell-quote.ts';
import type { CliParts } from '../types.ts';

interface EnvOptions {
  readonly data?: string;
  readonly json?: boolean;
  readonly shellFunction?: boolean;
}

// `--endpoint-url` is only added where the caller gave none.
const awsFunction = `aws() {
  case " $* " in
    *" --endpoint-url"*) command aws "$@" ;;
    *) command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
  esac;
};
`;

export function define(command: Command, parts: CliParts): void {
  command
    .description(
      'Prints shell exports with which docker, aws, the SDKs and longshore find this Longshore as its root user.',
    )
    .option('--data <dir>', 'data folder of the server of this machine (default: LONGSHORE_DATA)')
    .option(
      '--shell-function',
      'also define a function aws, for AWS CLIs before 2.13 and 1.29, which ignore AWS_ENDPOINT_URL',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  eval "$(longshore env)"\n  aws ecr get-login-password | docker login -u AWS --password-stdin "$LONGSHORE_REGISTRY"\n',
    )
    .action((options: EnvOptions) => env(options, parts));
}

async function env(options: EnvOptions, parts: CliParts): Promise<void> {
  const folder = dataFolder(options.data, parts.io.env);
  const running = await readRunning(folder);
  const credentials = await readCredentials(folder);
  if (!running || !credentials) {
    throw new UserError(
      `Longshore is not running with the data folder ${folder}.`,
      'Start it with: longshore up --detach (or name another folder with --data DIR)',
    );
  }
  const variables = {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_DEFAULT_REGION: running.region,
    AWS_ENDPOINT_URL: running.url,
    LONGSHORE_REGISTRY: registryHost(running.url),
    LONGSHORE_ACCOUNT: credentials.account,
  };
  if (options.json) return printJson(parts.io, variables);
  for (const [name, value] of Object.entries(variables)) parts.io.out(shellExport(name, value));
  if (options.shellFunction) parts.io.out(awsFunction);
}
