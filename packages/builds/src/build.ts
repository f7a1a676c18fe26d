// Building an image: the build file is read from top to bottom; settings change the state, COPY and ADD store layers; at the end
// the config and the manifest are stored.
import { UserError } from '@longshore/base';
import { applySetting } from './buildfile/apply.ts';
import { lineError } from './buildfile/errors.ts';
import { type BuildFile, type Instruction, parseBuildFile } from './buildfile/parse.ts';
import { expand, type Surroundings } from './buildfile/values.ts';
import { openBuildContext } from './context/build-context.ts';
import { copyEntries } from './copy-step.ts';
import { type BuiltStep, configJson, manifestJson, manifestType } from './image-json.ts';
import { type ImageState, scratchState } from './image-state.ts';
import type { LayerEntry } from './layer/plan.ts';
import { writeLayer } from './layer/write.ts';
import type { Architecture, BuildOptions, BuildResult } from './types.ts';

/** What Docker Engines accept. */
const mostLayers = 125;

/** Builds and stores the image, and tags it. Throws a `UserError` that names the line for what the author can mend. */
export async function buildImage(options: BuildOptions): Promise<BuildResult> {
  const architecture = options.architecture ?? machineArchitecture();
  const buildFileName = options.dockerfile ?? 'Dockerfile';
  const context = await openBuildContext(options.contextDir, buildFileName);
  const text = await context.text(buildFileName);
  if (text === undefined) throw new UserError(`There is no ${buildFileName} in ${options.contextDir}`);
  const file = parseBuildFile(text);
  const surroundings = { escape: file.escape, args: argumentsOf(options, architecture) };
  const { state: start, rest } = readFrom(file, surroundings);

  const image = new Map<string, LayerEntry['kind']>();
  const steps: BuiltStep[] = [];
  let state = start;
  for (const [index, instruction] of rest.entries()) {
    options.onProgress?.(`[${index + 1}/${rest.length}] ${instruction.text}`);
    const next = applySetting(state, instruction, surroundings);
    if (next !== undefined) {
      state = next;
      steps.push({ step: instruction.text });
      continue;
    }
    refuseUnlessCopy(instruction);
    const entries = await copyEntries(state, instruction, { ...surroundings, context, image });
    for (const entry of entries) image.set(entry.path, entry.kind);
    const layer = await writeLayer(entries, options.writer);
    steps.push({ step: instruction.text, layer });
    options.onProgress?.(`      ${layer.digest} (${layer.size} bytes)`);
    if (layersOf(steps).length > mostLayers) throw lineError(instruction.line, `more than ${mostLayers} layers`);
  }

  const config = await options.writer.putBlob(once(configJson(state, steps, architecture)));
  const layers = layersOf(steps).map(({ layer }) => layer);
  const manifestDigest = await options.writer.putManifest(options.tag, manifestType, manifestJson(config, layers));
  return {
    manifestDigest,
    layers: layersOf(steps).map(({ step, layer }) => ({ digest: layer.digest, size: layer.size, step })),
  };
}

/** Reads FROM and the ARGs before it, which only FROM sees. */
function readFrom(
  file: BuildFile,
  surroundings: Surroundings,
): { readonly state: ImageState; readonly rest: readonly Instruction[] } {
  const at = file.instructions.findIndex(({ keyword }) => keyword !== 'ARG');
  const from = file.instructions[at];
  if (from === undefined) throw new UserError('The build file is empty', 'Begin it with: FROM scratch');
  if (from.keyword !== 'FROM') throw lineError(from.line, `the first instruction is FROM, not ${from.keyword}`);
  let outer: ImageState = { ...scratchState(), env: new Map() };
  for (const arg of file.instructions.slice(0, at)) outer = applySetting(outer, arg, surroundings) ?? outer;
  const [base, as, name, ...more] = expand(outer, from, surroundings);
  if (base !== 'scratch') {
    throw lineError(from.line, `the base ${base ?? ''} is not supported yet, only scratch`, elsewhere);
  }
  const named = as?.toUpperCase() === 'AS' && name !== undefined;
  if (more.length > 0 || (as !== undefined && !named)) throw lineError(from.line, 'FROM takes a base and AS name');
  return { state: scratchState(), rest: file.instructions.slice(at + 1) };
}

const elsewhere = 'Copy what the image needs into the folder, or build it with docker build and push it here.';

function refuseUnlessCopy({ keyword, line }: Instruction): void {
  if (keyword === 'COPY' || keyword === 'ADD') return;
  if (keyword === 'RUN') throw lineError(line, 'RUN is not supported yet', elsewhere);
  if (keyword === 'FROM') throw lineError(line, 'a second stage is not supported yet', elsewhere);
  if (keyword === 'ONBUILD') throw lineError(line, 'ONBUILD has no place in an OCI image');
  throw lineError(line, `${keyword} is not an instruction`);
}

/** The given values, and the platform's as the Dockerfile reference names them. */
function argumentsOf(options: BuildOptions, architecture: Architecture): ReadonlyMap<string, string> {
  return new Map([
    ['TARGETPLATFORM', `linux/${architecture}`],
    ['TARGETOS', 'linux'],
    ['TARGETARCH', architecture],
    ...Object.entries(options.args ?? {}),
  ]);
}

function machineArchitecture(): Architecture {
  return process.arch === 'arm64' ? 'arm64' : 'amd64';
}

function layersOf(steps: readonly BuiltStep[]): readonly Required<BuiltStep>[] {
  return steps.filter((step): step is Required<BuiltStep> => step.layer !== undefined);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
