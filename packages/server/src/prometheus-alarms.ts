// Alerting rules of a Prometheus as the alarms that deployments watch (Prometheus HTTP API, /api/v1/rules). A rule with the
// label `account` is that account's; one without is the operator's.
import { type Clock, errorText, type Logger } from '@longshore/base';
import type { Alarm, AlarmState, AlarmWatch } from '@longshore/containers';
import { z } from 'zod';
import { readAnswer } from './read-answer.ts';

const maxAnswerBytes = 16 * 1024 * 1024;
const timeoutMs = 2_000;
/** Every service that is being deployed asks each round: they share an answer for so long after it came. */
const goodForMs = 1_000;
/** Who has waited in vain waits no more for so long. */
const unknownForMs = 10_000;

const ruleSchema = z.object({
  name: z.string(),
  state: z.enum(['firing', 'pending', 'inactive', 'unknown']),
  duration: z.number().optional(),
  labels: z.record(z.string(), z.string()).optional(),
});
const rulesSchema = z.object({
  data: z.object({ groups: z.array(z.object({ interval: z.number(), rules: z.array(ruleSchema) })) }),
});

interface OwnedAlarm extends Alarm {
  readonly account: string;
  readonly name: string;
}

const states: Readonly<Record<z.infer<typeof ruleSchema>['state'], AlarmState>> = {
  firing: 'ALARM',
  pending: 'OK',
  inactive: 'OK',
  unknown: 'INSUFFICIENT_DATA',
};

/** What the API answered, as alarms. A rule rings after `for`, and its group is evaluated once an interval. Throws for another form. */
export function alarmsOf(answer: unknown, operator: string): OwnedAlarm[] {
  return rulesSchema.parse(answer).data.groups.flatMap(({ interval, rules }) =>
    rules.map(({ name, state, duration = 0, labels }) => ({
      account: labels?.['account'] ?? operator,
      name,
      state: states[state],
      evaluationMs: (duration + 2 * interval) * 1000,
    })),
  );
}

export interface PrometheusOptions {
  /** `http://HOST:PORT`, with a path if it has one. */
  readonly url: string;
  readonly operator: string;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Known {
  readonly until: number;
  /** Undefined when there was no answer. */
  readonly alarms: readonly OwnedAlarm[] | undefined;
}

/** While Prometheus does not answer, nothing is known of any alarm: that is logged. */
export function prometheusAlarms({ url, operator, clock, log }: PrometheusOptions): AlarmWatch {
  const rules = `${url.replace(/\/$/, '')}/api/v1/rules?type=alert`;

  async function read(): Promise<Known> {
    try {
      const response = await fetch(rules, { signal: AbortSignal.timeout(timeoutMs) });
      if (response.status !== 200 || response.body === null)
        throw new Error(`it answered with status ${response.status}`);
      const alarms = alarmsOf(JSON.parse(await readAnswer(response.body, maxAnswerBytes)), operator);
      return { until: clock.now() + goodForMs, alarms };
    } catch (error) {
      log.error(
        { url, problem: errorText(error) },
        'the alarms of Prometheus cannot be read; until they can, no deployment that watches them is complete',
      );
      return { until: clock.now() + unknownForMs, alarms: undefined };
    }
  }

  let last: Promise<Known> | undefined;

  /** The last answer as long as it is good, else a new one: one request for all that ask meanwhile. */
  async function current(): Promise<Known['alarms']> {
    const before = last;
    const known = await before;
    if (known !== undefined && clock.now() < known.until) return known.alarms;
    if (last === before) last = read();
    return (await last)?.alarms;
  }

  return {
    async find(account, names) {
      const alarms = await current();
      if (alarms === undefined) return undefined;
      const found = new Map<string, Alarm>();
      for (const each of alarms) {
        if (each.account !== account || !names.includes(each.name)) continue;
        // Several rules may have one name: it rings if one of them does.
        if (found.get(each.name)?.state !== 'ALARM') found.set(each.name, each);
      }
      return found;
    },
  };
}
