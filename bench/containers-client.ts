// A lean signed client of ECS for load: no SDK, so that the measuring side takes little of the machine.
import { Agent, request } from 'node:http';
import { signHeaders } from '@longshore/aws';

export interface Target {
  readonly url: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** One call; rejects with the answer's text if its status is not 200. */
export async function callEcs(target: Target, operation: string, input: object): Promise<unknown> {
  const body = JSON.stringify(input);
  const url = `${target.url}/`;
  const headers = await signHeaders({
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AmazonEC2ContainerServiceV20141113.${operation}`,
    },
    body,
    service: 'ecs',
    region: target.region,
    credentials: target.credentials,
  });
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(text === '' ? {} : JSON.parse(text));
        else reject(new Error(`${operation}: ${response.statusCode} ${text.slice(0, 300)}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
