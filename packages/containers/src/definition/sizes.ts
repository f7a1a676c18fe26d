// Task-level cpu and memory, which ECS takes as "256", "0.25 vCPU", "512" or "0.5GB" and stores as integer strings.
import { clientError } from '../errors.ts';

const cpuPattern = /^\s*([0-9]+(?:\.[0-9]+)?)\s*vcpu\s*$/i;
const memoryPattern = /^\s*([0-9]+(?:\.[0-9]+)?)\s*gb\s*$/i;

function whole(text: string): number | undefined {
  return /^\s*[0-9]{1,9}\s*$/.test(text) ? Number(text) : undefined;
}

/** CPU units (1,024 a core) as an integer string. Throws ClientException. */
export function normalCpu(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const cores = cpuPattern.exec(text)?.[1];
  const units = cores === undefined ? whole(text) : Math.round(Number(cores) * 1024);
  if (units === undefined || units < 128 || units > 196_608)
    throw clientError(
      `Invalid 'cpu' setting for task: ${text.slice(0, 40)}. Use 128 to 196608 CPU units, or "1 vCPU".`,
    );
  return String(units);
}

/** MiB as an integer string. Throws ClientException. */
export function normalMemory(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const gigabytes = memoryPattern.exec(text)?.[1];
  const mib = gigabytes === undefined ? whole(text) : Math.round(Number(gigabytes) * 1024);
  if (mib === undefined || mib < 6 || mib > 100_000_000)
    throw clientError(`Invalid 'memory' setting for task: ${text.slice(0, 40)}. Use at least 6 MiB, or "1GB".`);
  return String(mib);
}
