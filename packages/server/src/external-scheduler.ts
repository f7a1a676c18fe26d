// The customer's scheduler as a process elsewhere: one POST of JSON to a Unix socket or an HTTP address, within a time.
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ExternalScheduler } from '@longshore/containers';
import { z } from 'zod';
import { readAnswer } from './read-answer.ts';
import type { Settings } from './settings.ts';

const maxAnswerBytes = 1024 * 1024;
const answerSchema = z.object({
  placements: z.array(z.string().max(2048)).max(1000),
  reason: z.string().max(1000).optional(),
});

/** `unix:/path` gets `POST /`; an http or https URL what it says. */
function post(address: string, body: string, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const options = { method: 'POST', headers, signal };
  return new Promise((resolve, reject) => {
    const request = address.startsWith('unix:')
      ? httpRequest({ ...options, socketPath: address.slice('unix:'.length), path: '/' }, resolve)
      : (address.startsWith('https:') ? httpsRequest : httpRequest)(address, options, resolve);
    request.on('error', reject);
    request.end(body);
  });
}

/** Undefined if none is set. */
export function externalScheduler(settings: Settings): ExternalScheduler | undefined {
  const { scheduler: address, schedulerTimeout, schedulerFailure } = settings;
  if (address === undefined) return undefined;
  return {
    onFailure: schedulerFailure,
    async ask(request) {
      const response = await post(address, JSON.stringify(request), AbortSignal.timeout(schedulerTimeout));
      const text = await readAnswer(response, maxAnswerBytes);
      if (response.statusCode !== 200) throw new Error(`it answered with status ${response.statusCode}`);
      const answer = answerSchema.safeParse(JSON.parse(text));
      if (!answer.success) throw new Error('its answer has not the form {"placements": [ARN, …]}');
      return answer.data;
    },
  };
}
