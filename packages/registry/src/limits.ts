// Every bound of the registry in one place. ECR's service quotas where it has one.
const MiB = 1024 * 1024;

export const limits = Object.freeze({
  /** Bytes of a manifest (ECR: 4,194,304; the distribution specification asks for at least 4 MB). */
  manifestBytes: 4 * MiB,
  /** Nesting of a manifest's JSON. */
  manifestDepth: 64,
  /** Config, layers and children of one manifest together. */
  manifestReferences: 10_000,
  /** Bytes of a layer (ECR: 52,000 MiB). */
  layerBytes: 52_000 * MiB,
  /** Smallest part of an ECR layer upload but for the last one, and the largest of any. */
  partMinBytes: 5 * MiB,
  partMaxBytes: 20 * MiB,
  partsPerUpload: 4_200,
  /** Uploads that an account may have open. */
  uploadsPerAccount: 10_000,
  repositoryNameMin: 2,
  repositoryNameMax: 255,
  tagLength: 128,
  /** Tags given with one manifest (`?tag=`). */
  tagsPerPut: 100,
  /** Entries of one page, whatever the client asks for. */
  pageMax: 1_000,
  catalogDefault: 100,
  referrersPage: 1_000,
  /** Bytes of manifests in one answer of BatchGetImage, and of one page of referrers. */
  batchBytes: 32 * MiB,
  referrersBytes: 4 * MiB,
  /** A mount that names no source looks through so many repositories, and tries so many that have the blob. */
  mountRepositories: 1_000,
  mountSources: 8,
  /** Ranges in one request; with more, the whole blob is sent. */
  rangesPerRequest: 16,
  /** Scopes of one token request, and their length in all: a token must fit into a header. */
  scopes: 16,
  scopesText: 1_500,
  resourceTags: 50,
  /** A lifecycle policy: characters of its text, tags of one rule's list, characters of one of them. */
  lifecycleTextMin: 100,
  lifecycleText: 30_720,
  lifecycleTagList: 100,
  lifecycleTagPattern: 300,
  /** How long a URL of the blob store is good that a pull is redirected to: time to begin, not to end. */
  redirectSeconds: 10 * 60,
  /** How long the URL of GetDownloadUrlForLayer is good. */
  downloadUrlMs: 15 * 60 * 1000,
});

/** How much an account may have; ECR's service quotas (user guide, "Amazon ECR service quotas"). */
export interface Quotas {
  readonly repositoriesPerRegistry: number;
  readonly imagesPerRepository: number;
  readonly tagsPerImage: number;
  readonly rulesPerLifecyclePolicy: number;
  readonly templatesPerRegistry: number;
  readonly pullTimeExclusionsPerRegistry: number;
}

export const defaultQuotas: Quotas = Object.freeze({
  repositoriesPerRegistry: 100_000,
  imagesPerRepository: 100_000,
  tagsPerImage: 1_000,
  rulesPerLifecyclePolicy: 50,
  templatesPerRegistry: 50,
  pullTimeExclusionsPerRegistry: 100,
});
