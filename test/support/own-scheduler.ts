// A customer's scheduler, as a program of its own: what it answers depends on `startedBy`. Arguments: the socket's path, and
// the ARN of an instance that it names although it cannot take tasks.
import { createServer } from 'node:http';

const [socket = '', unable = ''] = process.argv.slice(2);

interface Asked {
  readonly startedBy: string;
  readonly count: number;
  readonly candidates: readonly { readonly arn: string }[];
}

function answerTo({ startedBy, count, candidates }: Asked): string | undefined {
  if (startedBy === 'silent') return undefined;
  if (startedBy === 'nonsense') return '{"placements": "there"}';
  if (startedBy === 'unwilling') return JSON.stringify({ placements: [], reason: 'not today' });
  const named = startedBy === 'wrong' ? unable : (candidates.at(-1)?.arn ?? '');
  return JSON.stringify({ placements: Array.from({ length: count }, () => named) });
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const answer = answerTo(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked);
    if (answer !== undefined) response.end(answer);
  });
});
server.listen(socket, () => process.stdout.write('listening\n'));
