// Reading manifests: bytes and a media type in, what they name out. Pure. Nothing is guessed where two readings are
// possible: a body with both `manifests` and `layers`, or a media type other than the Content-Type, is refused
// (CVE-2021-41190, "ambiguous OCI manifest parsing").
import { type Digest, parseDigest } from '@longshore/base';
import { RegistryError } from './errors.ts';
import { limits } from './limits.ts';

export const mediaTypes = Object.freeze({
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
});

const kinds: ReadonlyMap<string, 'image' | 'index'> = new Map([
  [mediaTypes.ociManifest, 'image'],
  [mediaTypes.dockerManifest, 'image'],
  [mediaTypes.ociIndex, 'index'],
  [mediaTypes.dockerList, 'index'],
]);

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** Something a manifest needs in its repository. `foreign` layers may live elsewhere and need not be there. */
export interface ManifestRef extends Descriptor {
  readonly kind: 'config' | 'layer' | 'manifest' | 'foreign';
}

export interface Manifest {
  readonly kind: 'image' | 'index';
  readonly mediaType: string;
  /** In their order; a layer may come twice. */
  readonly refs: readonly ManifestRef[];
  readonly subject: Digest | undefined;
  /** The artifact type as the referrers API reports it: `artifactType`, else the media type of the config. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

type Json = Readonly<Record<string, unknown>>;

function invalid(message: string): RegistryError {
  return new RegistryError('manifestInvalid', message);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Deepest nesting of brackets outside of strings, without parsing. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x7d || c === 0x5d) depth--;
  }
  return deepest;
}

function parseJson(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid('The manifest is not UTF-8.');
  }
  if (depthOf(text) > limits.manifestDepth) throw invalid(`The manifest nests deeper than ${limits.manifestDepth}.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('The manifest is not JSON.');
  }
  if (!isObject(value)) throw invalid('The manifest is not a JSON object.');
  return value;
}

/** As readers of JSON that do not heed case (Go's) compare names. */
function folded(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

function spellingsOf(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [folded(name), name]));
}

const manifestFields = spellingsOf([
  'schemaVersion',
  'mediaType',
  'config',
  'layers',
  'manifests',
  'subject',
  'artifactType',
  'annotations',
]);
const descriptorFields = spellingsOf(['mediaType', 'digest', 'size']);

/** Of `Layers` and `layers` Go takes the last, in whatever case it is written, and all others the one in the right case. */
function refuseOtherSpellings(value: Json, fields: ReadonlyMap<string, string>, where: string): void {
  for (const name of Object.keys(value)) {
    const meant = fields.get(folded(name));
    if (meant !== undefined && meant !== name) throw invalid(`${where} has "${name}", which some take for "${meant}".`);
  }
}

/** Only what may be in one (RFC 6838 is narrower): it is kept in a column, and a NUL could not be. */
const mediaTypeText = /^[\x20-\x7e]{1,255}$/;

function descriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw invalid(`${where} is not a descriptor.`);
  refuseOtherSpellings(value, descriptorFields, where);
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== 'string' || !mediaTypeText.test(mediaType)) {
    throw invalid(`${where} has no media type.`);
  }
  const parsed = typeof digest === 'string' ? parseDigest(digest) : undefined;
  if (!parsed) throw invalid(`${where} has no sha256 or sha512 digest.`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(`${where} has no valid size.`);
  return { mediaType, digest: parsed, size };
}

function descriptors(value: unknown, where: string): Descriptor[] {
  if (!Array.isArray(value)) throw invalid(`${where} is not a list.`);
  if (value.length > limits.manifestReferences) {
    throw invalid(`${where} has more than ${limits.manifestReferences} entries.`);
  }
  return value.map((each, i) => descriptor(each, `${where}[${i}]`));
}

/** Layers that an image may name without the registry holding them (image-spec, non-distributable layers). */
function isForeign(mediaType: string): boolean {
  return (
    mediaType.startsWith('application/vnd.docker.image.rootfs.foreign.') ||
    mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.')
  );
}

function imageRefs(body: Json): ManifestRef[] {
  const config: ManifestRef = { kind: 'config', ...descriptor(body.config, 'config') };
  const layers = descriptors(body.layers, 'layers');
  return [
    config,
    ...layers.map((layer): ManifestRef => ({ kind: isForeign(layer.mediaType) ? 'foreign' : 'layer', ...layer })),
  ];
}

/** `text/type; charset=x` without its parameters, in lower case. */
export function bareMediaType(header: string): string {
  return (header.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function settleMediaType(body: Json, contentType: string | undefined): string {
  const { mediaType } = body;
  if (mediaType !== undefined && typeof mediaType !== 'string') throw invalid('mediaType is not a text.');
  if (contentType && mediaType !== undefined && mediaType !== contentType) {
    throw invalid(`The Content-Type is ${contentType}, but the manifest says ${mediaType}.`);
  }
  const given = contentType || mediaType;
  if (given) return given;
  return body.manifests === undefined ? mediaTypes.ociManifest : mediaTypes.ociIndex;
}

function readAnnotations(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value) || !Object.values(value).every((each) => typeof each === 'string')) {
    throw invalid('annotations is not a map of texts.');
  }
  return value as Record<string, string>;
}

function readArtifactType(body: Json, refs: readonly ManifestRef[]): string | undefined {
  const { artifactType } = body;
  const given = artifactType !== undefined && artifactType !== '';
  if (given && (typeof artifactType !== 'string' || !mediaTypeText.test(artifactType))) {
    throw invalid('artifactType is not a media type.');
  }
  return (given ? artifactType : undefined) ?? refs.find((ref) => ref.kind === 'config')?.mediaType;
}

/**
 * Reads a manifest. `contentType` is what the client declared, bare; undefined if it declared nothing. Throws
 * `RegistryError` manifestTooLarge or manifestInvalid.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  if (bytes.length > limits.manifestBytes) throw new RegistryError('manifestTooLarge');
  const body = parseJson(bytes);
  refuseOtherSpellings(body, manifestFields, 'The manifest');
  if (body.schemaVersion !== 2) throw invalid('schemaVersion must be 2.');
  const isIndex = body.manifests !== undefined;
  if (isIndex && (body.layers !== undefined || body.config !== undefined)) {
    throw invalid('A manifest has either `manifests` or `config` and `layers`, not both.');
  }
  const mediaType = settleMediaType(body, contentType);
  const kind = kinds.get(mediaType);
  if (!kind) throw invalid(`The media type ${mediaType.slice(0, 255)} is not one of a manifest.`);
  if ((kind === 'index') !== isIndex) throw invalid(`The content is not that of a ${mediaType}.`);
  const refs = isIndex
    ? descriptors(body.manifests, 'manifests').map((each): ManifestRef => ({ kind: 'manifest', ...each }))
    : imageRefs(body);
  const hasSubject = body.subject !== undefined && body.subject !== null;
  return {
    kind,
    mediaType,
    refs,
    subject: hasSubject ? descriptor(body.subject, 'subject').digest : undefined,
    artifactType: readArtifactType(body, refs),
    annotations: readAnnotations(body.annotations),
  };
}
