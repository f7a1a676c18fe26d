// COPY and ADD of local files: from the instruction to a planned step.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import { errorText, UserError } from '@longshore/base';
import { lineError } from './buildfile/errors.ts';
import type { Instruction } from './buildfile/parse.ts';
import { listForm, type Surroundings } from './buildfile/values.ts';
import type { BuildContext, Source } from './context/build-context.ts';
import type { ImageState } from './image-state.ts';
import { type ImageFiles, type LayerEntry, type Owner, planCopy } from './layer/plan.ts';

/** The largest id that Linux has. */
const mostId = 2 ** 32 - 2;

export interface CopySurroundings extends Surroundings {
  readonly context: BuildContext;
  readonly image: ImageFiles;
}

/** The entries of the layer that the instruction makes. Throws a `UserError` that names the line. */
export async function copyEntries(
  state: ImageState,
  instruction: Instruction,
  surroundings: CopySurroundings,
): Promise<LayerEntry[]> {
  const { line, keyword } = instruction;
  const words = listForm(state, instruction, surroundings);
  const destination = words.pop();
  if (destination === undefined || words.length === 0) {
    throw lineError(line, `${keyword} needs at least one source and a destination`);
  }
  if (words.some((word) => word.startsWith('<<'))) throw lineError(line, 'here-documents are not supported');
  const flags = readFlags(instruction);
  try {
    const sources: Source[] = [];
    for (const word of words) {
      if (keyword === 'ADD') refuseRemote(word);
      sources.push(...(await surroundings.context.sources(word)));
    }
    if (keyword === 'ADD') for (const source of sources) await refuseArchive(source);
    return planCopy({ sources, destination: destinationPath(state, destination), ...flags }, surroundings.image);
  } catch (error) {
    throw lineError(line, errorText(error), error instanceof UserError ? error.next : undefined);
  }
}

/** Absolute; a slash at the end, or a last `.`, says that it is a folder. */
function destinationPath(state: ImageState, destination: string): string {
  const path = posix.resolve('/', state.workingDir, destination);
  return /(?:^|\/)\.{0,2}$/.test(destination) && path !== '/' ? `${path}/` : path;
}

function readFlags({ line, keyword, flags }: Instruction): { readonly owner: Owner; readonly mode?: number } {
  for (const name of flags.keys()) {
    // Each layer stands for itself anyway, so --link changes nothing.
    if (!['chown', 'chmod', 'link'].includes(name)) throw lineError(line, `${keyword} --${name} is not supported`);
  }
  const owner = parseOwner(flags.get('chown') ?? '0:0', line);
  const mode = flags.get('chmod');
  if (mode === undefined) return { owner };
  if (!/^[0-7]{3,4}$/.test(mode)) throw lineError(line, '--chmod needs an octal number such as 755');
  return { owner, mode: Number.parseInt(mode, 8) };
}

function parseOwner(text: string, line: number): Owner {
  const [uid, gid] = text.split(':', 2).map((part) => (part === 'root' ? '0' : part));
  const ids = [uid, gid ?? uid].map((part) => (/^[0-9]{1,10}$/.test(part ?? '') ? Number(part) : Number.NaN));
  if (text.split(':').length > 2 || !ids.every((id) => id <= mostId)) {
    throw lineError(line, `--chown needs ids up to ${mostId}, such as 1000:1000; names are not looked up`);
  }
  return { uid: ids[0] ?? 0, gid: ids[1] ?? 0 };
}

function refuseRemote(source: string): void {
  if (!/^(?:https?:\/\/|git@|git:\/\/)/i.test(source)) return;
  throw new UserError('ADD of something remote is not supported', 'Download it into the folder and COPY it.');
}

/** Docker unpacks archives that are ADDed; rather than store them as they are, say so. */
async function refuseArchive({ name, node }: Source): Promise<void> {
  if (node.kind !== 'file') return;
  const file = await open(node.path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const head = Buffer.alloc(262);
  try {
    await file.read(head, 0, head.length, 0);
  } finally {
    await file.close();
  }
  const magics = ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'];
  const compressed = magics.some((magic) => head.toString('hex').startsWith(magic));
  if (!compressed && head.toString('latin1', 257, 262) !== 'ustar') return;
  throw new UserError(
    `ADD does not unpack archives such as ${name}`,
    'Unpack it and COPY the files, or COPY it as it is.',
  );
}
