// The door of `base`: what every other package may use.
export { type AccountId, type ArnParts, formatArn, parseAccountId, parseArn } from './arn.ts';
export { type BodyReader, bodyReader } from './body.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  type Digest,
  type DigestAlgorithm,
  digestAlgorithm,
  digestHex,
  digestOf,
  finishDigest,
  newHash,
  parseDigest,
} from './digest.ts';
export {
  type Disk,
  type DiskFile,
  openFolder,
  readIfThere,
  realDisk,
  removeDurably,
  writeDurably,
} from './durable-files.ts';
export { errorText, UserError } from './errors.ts';
export { newHexId, newUuid } from './ids.ts';
export { type Logger, silentLogger } from './logger.ts';
export { type BackoffOptions, backoffDelay, type LoopService, loopService, type Service } from './service.ts';
export {
  type Counter,
  type Gauge,
  type Histogram,
  type Labels,
  type MemoryMeter,
  type Meter,
  memoryMeter,
} from './meter.ts';
