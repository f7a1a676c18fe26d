// The OCI config and manifest of a built image (image-spec v1.1, config.md and manifest.md).
import type { Digest } from '@longshore/base';
import type { ImageState } from './image-state.ts';
import type { WrittenLayer } from './layer/write.ts';
import type { Architecture } from './types.ts';

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** Always the same, so that the same source gives the same image. */
const created = '1970-01-01T00:00:00Z';

/** One build step, and the layer it made if it made one. */
export interface BuiltStep {
  readonly step: string;
  readonly layer?: WrittenLayer;
}

export function configJson(state: ImageState, steps: readonly BuiltStep[], architecture: Architecture): Uint8Array {
  return encode({
    created,
    ...(state.author === undefined ? {} : { author: state.author }),
    architecture,
    os: 'linux',
    config: settings(state),
    rootfs: { type: 'layers', diff_ids: steps.flatMap(({ layer }) => (layer === undefined ? [] : [layer.diffId])) },
    history: steps.map(({ step, layer }) => ({
      created,
      created_by: step,
      ...(layer === undefined ? { empty_layer: true } : {}),
    })),
  });
}

export function manifestJson(
  config: { readonly digest: Digest; readonly size: number },
  layers: readonly WrittenLayer[],
): Uint8Array {
  return encode({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, digest: config.digest, size: config.size },
    layers: layers.map(({ digest, size }) => ({ mediaType: layerType, digest, size })),
  });
}

function settings(state: ImageState): Record<string, unknown> {
  return omitEmpty({
    User: state.user,
    ExposedPorts: asSet(state.exposedPorts),
    Env: [...state.env].map(([name, value]) => `${name}=${value}`),
    Entrypoint: state.entrypoint,
    Cmd: state.cmd,
    Volumes: asSet(state.volumes),
    WorkingDir: state.workingDir,
    Labels: Object.fromEntries([...state.labels].sort(([a], [b]) => (a < b ? -1 : 1))),
    StopSignal: state.stopSignal,
    Healthcheck: state.healthcheck,
  });
}

/** A set in the config is an object with empty objects. */
function asSet(names: readonly string[]): Record<string, object> {
  return Object.fromEntries([...names].sort().map((name) => [name, {}]));
}

function omitEmpty(fields: Record<string, unknown>): Record<string, unknown> {
  const isEmpty = (value: unknown) =>
    value === undefined || value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
