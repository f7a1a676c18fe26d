// The options of the log driver `awslogs` (Docker's names), read. Pure. Patterns come from tenants: they are matched by an
// automaton, in time linear in the line.
import type { AcsContainer, AcsTask } from '@longshore/aws';
import { RE2JS } from 're2js';
import { taskId } from '../task/names.ts';
import type { LogTarget } from './types.ts';

interface LogConfig {
  readonly Type?: string;
  readonly Config?: Readonly<Record<string, string>>;
}

function logConfig(container: AcsContainer): LogConfig {
  const text = container.dockerConfig.hostConfig;
  const host = (text ? JSON.parse(text) : {}) as { readonly LogConfig?: LogConfig } | null;
  return host?.LogConfig ?? {};
}

/** strftime's conversions (as Docker's driver knows them) as regular expressions. */
const conversions: Readonly<Record<string, string>> = {
  a: '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)',
  A: '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day',
  b: '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)',
  B: '(?:January|February|March|April|May|June|July|August|September|October|November|December)',
  d: '(?:0?[1-9]|[12][0-9]|3[01])',
  f: '\\d{1,6}',
  H: '(?:[01]?[0-9]|2[0-3])',
  I: '(?:0?[1-9]|1[0-2])',
  j: '\\d{1,3}',
  L: '\\.\\d{3}',
  m: '(?:0?[1-9]|1[0-2])',
  M: '[0-5]?[0-9]',
  p: '[AP]M',
  S: '[0-5]?[0-9]',
  w: '[0-6]',
  y: '\\d{2}',
  Y: '\\d{4}',
  z: '[+-]\\d{4}',
  Z: '[A-Z]{1,4}T',
  '%': '%',
};

function datetimePattern(format: string): string {
  return format.replace(/%(.)|[^%]/gs, (whole, letter: string | undefined) =>
    letter === undefined ? RE2JS.quote(whole) : (conversions[letter] ?? RE2JS.quote(letter)),
  );
}

function beginning(options: Readonly<Record<string, string>>): LogTarget['begins'] {
  const { 'awslogs-multiline-pattern': multiline, 'awslogs-datetime-format': datetime } = options;
  const text = multiline || (datetime && datetimePattern(datetime));
  if (!text) return undefined;
  const pattern = RE2JS.compile(text);
  return (line) => pattern.matcher(line).find();
}

/** Undefined for a container with another log driver. Throws an Error for a pattern that is none. */
export function logTarget(task: AcsTask, container: AcsContainer): LogTarget | undefined {
  const { Type, Config = {} } = logConfig(container);
  if (Type !== 'awslogs') return undefined;
  const prefix = Config['awslogs-stream-prefix'];
  return {
    group: Config['awslogs-group'] ?? '',
    stream: Config['awslogs-stream'] || `${prefix ? `${prefix}/` : ''}${container.name}/${taskId(task.arn)}`,
    createGroup: Config['awslogs-create-group'] === 'true',
    begins: beginning(Config),
  };
}

/** Whether the container writes to a terminal: then its output comes without the Engine's frames. */
export function hasTerminal(container: AcsContainer): boolean {
  const text = container.dockerConfig.config;
  return ((text ? JSON.parse(text) : {}) as { readonly Tty?: boolean } | null)?.Tty === true;
}
