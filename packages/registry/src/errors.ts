// What can go wrong, in one table: the code and status of the distribution specification beside the exception of ECR.
// The core throws `RegistryError`; each protocol shapes it in its own form. All of these are the caller's to mend.

interface Failure {
  /** Code of the distribution specification ("Error codes"). */
  readonly oci: string;
  readonly status: number;
  /** Exception of the ECR API. */
  readonly ecr: string;
  readonly message: string;
  /** Seconds after which another try may go better (`Retry-After`). */
  readonly retryAfter?: number;
}

const table = {
  unauthorized: {
    oci: 'UNAUTHORIZED',
    status: 401,
    ecr: 'UnrecognizedClientException',
    message: 'Authentication is required. Log in with user AWS and the password of GetAuthorizationToken.',
  },
  denied: { oci: 'DENIED', status: 403, ecr: 'AccessDeniedException', message: 'Access to the resource is denied.' },
  nameInvalid: {
    oci: 'NAME_INVALID',
    status: 400,
    ecr: 'InvalidParameterException',
    message: 'The repository name is invalid: 2 to 255 of a-z, 0-9, with . _ - / between them.',
  },
  repositoryUnknown: {
    oci: 'NAME_UNKNOWN',
    status: 404,
    ecr: 'RepositoryNotFoundException',
    message: 'The repository does not exist.',
  },
  repositoryExists: {
    oci: 'DENIED',
    status: 409,
    ecr: 'RepositoryAlreadyExistsException',
    message: 'The repository exists already.',
  },
  repositoryNotEmpty: {
    oci: 'DENIED',
    status: 409,
    ecr: 'RepositoryNotEmptyException',
    message: 'The repository still holds images. Use force to delete them with it.',
  },
  digestInvalid: {
    oci: 'DIGEST_INVALID',
    status: 400,
    ecr: 'InvalidParameterException',
    message: 'The digest is malformed or does not match the content.',
  },
  layerMismatch: {
    oci: 'DIGEST_INVALID',
    status: 400,
    ecr: 'InvalidLayerException',
    message: 'The digest does not match the content.',
  },
  sizeInvalid: {
    oci: 'SIZE_INVALID',
    status: 400,
    ecr: 'InvalidParameterException',
    message: 'The length of the content is not what was said.',
  },
  layerTooLarge: {
    oci: 'SIZE_INVALID',
    status: 413,
    ecr: 'LimitExceededException',
    message: 'A layer may have 52,000 MiB at most.',
  },
  blobUnknown: {
    oci: 'BLOB_UNKNOWN',
    status: 404,
    ecr: 'LayersNotFoundException',
    message: 'The blob is not in this repository.',
  },
  uploadUnknown: {
    oci: 'BLOB_UPLOAD_UNKNOWN',
    status: 404,
    ecr: 'UploadNotFoundException',
    message: 'The upload is not known to this repository. Begin a new one.',
  },
  uploadInvalid: {
    oci: 'BLOB_UPLOAD_INVALID',
    status: 400,
    ecr: 'InvalidParameterException',
    message: 'The upload cannot be continued in this way.',
  },
  uploadBusy: {
    oci: 'TOOMANYREQUESTS',
    status: 429,
    ecr: 'LimitExceededException',
    message: 'Another request is writing to this upload. Ask for its status and go on from there.',
    retryAfter: 1,
  },
  manifestsBusy: {
    oci: 'TOOMANYREQUESTS',
    status: 429,
    ecr: 'LimitExceededException',
    message: 'Too many large manifests are being received at once. Try again in a moment.',
    retryAfter: 1,
  },
  uploadEmpty: {
    oci: 'BLOB_UPLOAD_INVALID',
    status: 400,
    ecr: 'EmptyUploadException',
    message: 'The upload has no parts.',
  },
  uploadsExceeded: {
    oci: 'TOOMANYREQUESTS',
    status: 429,
    ecr: 'LimitExceededException',
    message: 'The account has too many open uploads. Finish or cancel some.',
    retryAfter: 60,
  },
  partInvalid: {
    oci: 'BLOB_UPLOAD_INVALID',
    status: 416,
    ecr: 'InvalidLayerPartException',
    message: 'The part does not begin where the last one ended.',
  },
  partTooSmall: {
    oci: 'BLOB_UPLOAD_INVALID',
    status: 400,
    ecr: 'LayerPartTooSmallException',
    message: 'Every part but the last must have 5 MiB at least.',
  },
  partsExceeded: {
    oci: 'BLOB_UPLOAD_INVALID',
    status: 400,
    ecr: 'LimitExceededException',
    message: 'An upload may have 4,200 parts at most.',
  },
  layerExists: {
    oci: 'BLOB_UPLOAD_INVALID',
    status: 409,
    ecr: 'LayerAlreadyExistsException',
    message: 'The layer is in this repository already.',
  },
  rangeInvalid: {
    oci: 'BLOB_UPLOAD_INVALID',
    status: 416,
    ecr: 'InvalidLayerPartException',
    message: 'The chunk does not begin where the upload ended, or its range is malformed.',
  },
  rangeUnsatisfiable: {
    oci: 'SIZE_INVALID',
    status: 416,
    ecr: 'InvalidParameterException',
    message: 'The range lies outside of the blob.',
  },
  manifestUnknown: {
    oci: 'MANIFEST_UNKNOWN',
    status: 404,
    ecr: 'ImageNotFoundException',
    message: 'The manifest is not in this repository.',
  },
  manifestInvalid: {
    oci: 'MANIFEST_INVALID',
    status: 400,
    ecr: 'InvalidParameterException',
    message: 'The manifest is invalid.',
  },
  manifestTooLarge: {
    oci: 'MANIFEST_INVALID',
    status: 413,
    ecr: 'InvalidParameterException',
    message: 'A manifest may have 4,194,304 bytes at most.',
  },
  manifestBlobUnknown: {
    oci: 'MANIFEST_BLOB_UNKNOWN',
    status: 400,
    ecr: 'LayersNotFoundException',
    message: 'The manifest names a blob that is not in this repository.',
  },
  manifestChildUnknown: {
    oci: 'MANIFEST_BLOB_UNKNOWN',
    status: 400,
    ecr: 'ReferencedImagesNotFoundException',
    message: 'The index names a manifest that is not in this repository.',
  },
  manifestDigestMismatch: {
    oci: 'DIGEST_INVALID',
    status: 400,
    ecr: 'ImageDigestDoesNotMatchException',
    message: 'The digest does not match the manifest.',
  },
  tagInvalid: {
    oci: 'MANIFEST_INVALID',
    status: 400,
    ecr: 'InvalidParameterException',
    message: 'The reference is neither a tag (1 to 128 of A-Z, a-z, 0-9, _ . -) nor a digest.',
  },
  tagImmutable: {
    oci: 'TAG_INVALID',
    status: 400,
    ecr: 'ImageTagAlreadyExistsException',
    message: 'The tag exists already and the repository does not let tags be overwritten.',
  },
  imageExists: {
    oci: 'TAG_INVALID',
    status: 409,
    ecr: 'ImageAlreadyExistsException',
    message: 'The image is in this repository already.',
  },
  tooManyTags: {
    oci: 'TAG_INVALID',
    status: 414,
    ecr: 'InvalidParameterException',
    message: 'Too many tags in one request.',
  },
  pageInvalid: {
    oci: 'PAGINATION_NUMBER_INVALID',
    status: 400,
    ecr: 'InvalidParameterException',
    message: 'n must be a whole number that is not negative.',
  },
  unsupported: {
    oci: 'UNSUPPORTED',
    status: 405,
    ecr: 'InvalidParameterException',
    message: 'The method is not supported here.',
  },
  pathUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'InvalidParameterException',
    message: 'There is nothing at this path.',
  },
  requestInvalid: {
    oci: 'UNSUPPORTED',
    status: 400,
    ecr: 'InvalidParameterException',
    message: 'The request is malformed.',
  },
  storageFull: {
    oci: 'UNAVAILABLE',
    status: 507,
    ecr: 'ServerException',
    message: 'The registry has no room left. Try again when the operator has made some.',
    retryAfter: 60,
  },
  storageUnavailable: {
    oci: 'UNAVAILABLE',
    status: 503,
    ecr: 'ServerException',
    message: 'The store of layers does not answer now. Try again in a moment.',
    retryAfter: 5,
  },
  layerBeingRemoved: {
    oci: 'UNAVAILABLE',
    status: 503,
    ecr: 'ServerException',
    message: 'A former copy of this layer is just being removed. Try again in a moment.',
  },
  batchTooLarge: {
    oci: 'SIZE_INVALID',
    status: 413,
    ecr: 'LimitExceededException',
    message: 'The manifests asked for are too large for one answer. Ask for fewer.',
  },
  keyRefused: {
    oci: 'DENIED',
    status: 403,
    ecr: 'KmsException',
    message: "The layer's encryption key cannot be used.",
  },
  keyUnreachable: {
    oci: 'UNAVAILABLE',
    status: 503,
    ecr: 'KmsException',
    message: "The layer's encryption key cannot be reached.",
  },
  policyUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'RepositoryPolicyNotFoundException',
    message: 'The repository has no policy.',
  },
  registryPolicyUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'RegistryPolicyNotFoundException',
    message: 'The registry has no policy.',
  },
  quotaExceeded: {
    oci: 'DENIED',
    status: 403,
    ecr: 'LimitExceededException',
    message: 'The account has as many of these as it may have.',
  },
  lifecyclePolicyUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'LifecyclePolicyNotFoundException',
    message: 'The repository has no lifecycle policy.',
  },
  lifecyclePreviewUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'LifecyclePolicyPreviewNotFoundException',
    message: 'The repository has no lifecycle policy preview. Start one.',
  },
  templateExists: {
    oci: 'UNSUPPORTED',
    status: 409,
    ecr: 'TemplateAlreadyExistsException',
    message: 'There is a repository creation template for this prefix already.',
  },
  templateUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'TemplateNotFoundException',
    message: 'There is no repository creation template for this prefix.',
  },
  exclusionExists: {
    oci: 'UNSUPPORTED',
    status: 409,
    ecr: 'ExclusionAlreadyExistsException',
    message: 'The principal is excluded from pull times already.',
  },
  exclusionUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'ExclusionNotFoundException',
    message: 'The principal is not excluded from pull times.',
  },
  scanUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'ScanNotFoundException',
    message: 'The image was not scanned.',
  },
  scanUnavailable: {
    oci: 'UNSUPPORTED',
    status: 400,
    ecr: 'ValidationException',
    message: 'This registry does not scan images yet. Its scanning configuration is kept until it does.',
  },
  archiveUnavailable: {
    oci: 'UNSUPPORTED',
    status: 400,
    ecr: 'ImageStorageClassUpdateNotSupportedException',
    message: 'This registry has one storage class, STANDARD: it cannot archive images.',
  },
  signingUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'SigningConfigurationNotFoundException',
    message: 'The registry has no signing configuration.',
  },
  signingUnavailable: {
    oci: 'UNSUPPORTED',
    status: 400,
    ecr: 'ValidationException',
    message:
      'This registry does not sign images itself: there is no AWS Signer behind it. Sign with cosign or notation; ListImageReferrers shows their signatures.',
  },
  parameterInvalid: {
    oci: 'UNSUPPORTED',
    status: 400,
    ecr: 'InvalidParameterException',
    message: 'A parameter is invalid.',
  },
  resourceTagInvalid: {
    oci: 'UNSUPPORTED',
    status: 400,
    ecr: 'InvalidTagParameterException',
    message: 'A tag is invalid: a key has 1 to 128 characters, a value 256 at most.',
  },
  resourceTagsExceeded: {
    oci: 'UNSUPPORTED',
    status: 400,
    ecr: 'TooManyTagsException',
    message: 'A repository may have 50 tags at most.',
  },
  upstreamImage: {
    oci: 'UNAVAILABLE',
    status: 502,
    ecr: 'UnableToGetUpstreamImageException',
    message: 'The image could not be fetched from the upstream registry.',
  },
  upstreamLayer: {
    oci: 'UNAVAILABLE',
    status: 502,
    ecr: 'UnableToGetUpstreamLayerException',
    message: 'The layer could not be fetched from the upstream registry.',
  },
  upstreamDenied: {
    oci: 'DENIED',
    status: 403,
    ecr: 'UnableToGetUpstreamImageException',
    message: 'The upstream registry does not give the image to the login of the pull through cache rule.',
  },
  upstreamBusy: {
    oci: 'TOOMANYREQUESTS',
    status: 429,
    ecr: 'UnableToGetUpstreamImageException',
    message: 'The upstream registry limits how often it is asked. Try again later.',
  },
  upstreamUnsupported: {
    oci: 'UNSUPPORTED',
    status: 400,
    ecr: 'UnsupportedUpstreamRegistryException',
    message: 'The upstream registry cannot be used.',
  },
  ruleUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'PullThroughCacheRuleNotFoundException',
    message: 'The pull through cache rule does not exist.',
  },
  ruleExists: {
    oci: 'UNSUPPORTED',
    status: 409,
    ecr: 'PullThroughCacheRuleAlreadyExistsException',
    message: 'A pull through cache rule with this prefix exists already.',
  },
  rulesExceeded: {
    oci: 'UNSUPPORTED',
    status: 400,
    ecr: 'LimitExceededException',
    message: 'A registry may have 50 pull through cache rules at most.',
  },
  secretUnknown: {
    oci: 'UNSUPPORTED',
    status: 404,
    ecr: 'SecretNotFoundException',
    message: 'The secret does not exist.',
  },
  secretUnreadable: {
    oci: 'UNAVAILABLE',
    status: 502,
    ecr: 'UnableToAccessSecretException',
    message: 'The secret of the pull through cache rule cannot be read.',
  },
} as const satisfies Record<string, Failure>;

export type FailureKind = keyof typeof table;

/** The rows of the table, for the protocols and the documentation. */
export const failures: Readonly<Record<FailureKind, Failure>> = Object.freeze(table);

/** A failure the caller can mend. `message` says what was wrong where the table's sentence is too general. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly kind: FailureKind;
  /** Further members: `detail` of an OCI error, members of an ECR exception. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(kind: FailureKind, message?: string, detail: Readonly<Record<string, unknown>> = {}) {
    super(message ?? failures[kind].message);
    this.kind = kind;
    this.detail = detail;
  }
}
