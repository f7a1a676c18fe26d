// Reads the server's counters as Prometheus would.
import type { Longshore } from './longshore.ts';

/** The sum of all series of a metric, or of those that have `label` (`name="value"`). */
export async function metric(longshore: Longshore, name: string, label = ''): Promise<number> {
  const { accessKeyId, secretAccessKey } = longshore.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKeyId}:${secretAccessKey}`).toString('base64')}`;
  const answer = await fetch(`${longshore.url}/metrics`, { headers: { authorization } });
  if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`);
  let sum = 0;
  for (const line of (await answer.text()).split('\n')) {
    if ((line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(label))
      sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}
