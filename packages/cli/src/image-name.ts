// Image names: which registry a name means, and what a task of it is called.
import { DescribeImagesCommand, DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { UserError } from '@longshore/base';
import type { Connection } from './connection.ts';
import { sdkConfig } from './with-server.ts';

export interface ImageName {
  /** `docker.io`, `127.0.0.1:7077`; undefined if the name begins with a repository. */
  readonly host?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** The parts of `[HOST/]REPOSITORY[:TAG][@DIGEST]`. As docker reads it, a first part with `.` or `:` or `localhost` is a host. */
export function parseImageName(text: string): ImageName {
  const [name = '', digest] = text.split('@', 2);
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const host = /[.:]/.test(first) || first === 'localhost' ? first : undefined;
  const rest = host === undefined ? name : name.slice(slash + 1);
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  if (!/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(repository)) {
    throw new UserError(`${text} is not the name of an image.`, 'Write it as NAME:TAG or HOST:PORT/NAME:TAG.');
  }
  return {
    ...(host === undefined ? {} : { host }),
    repository,
    ...(colon < 0 ? {} : { tag: rest.slice(colon + 1) }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** A task's family from its image: the last part of the repository, in ECS's letters. */
export function familyOf(image: ImageName): string {
  const last = image.repository.slice(image.repository.lastIndexOf('/') + 1);
  return last.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 255);
}

/**
 * The name under which machines pull the image. A name without a host that is stored in this server's registry means
 * that one; every other name is left as it is (so `nginx` not stored here is Docker Hub's).
 */
export async function resolveImage(text: string, connection: Connection): Promise<string> {
  const image = parseImageName(text);
  if (image.host !== undefined) return text;
  const client = new ECRClient(sdkConfig(connection));
  try {
    const imageId = image.digest ? { imageDigest: image.digest } : { imageTag: image.tag ?? 'latest' };
    const repositoryName = image.repository;
    await client.send(new DescribeImagesCommand({ repositoryName, imageIds: [imageId] }));
    const answer = await client.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] }));
    const uri = answer.repositories?.[0]?.repositoryUri;
    if (uri === undefined) return text;
    return image.digest ? `${uri}@${image.digest}` : `${uri}:${image.tag ?? 'latest'}`;
  } catch (error) {
    const absent = ['RepositoryNotFoundException', 'ImageNotFoundException', 'InvalidParameterException'];
    if (error instanceof Error && absent.includes(error.name)) return text;
    throw error;
  } finally {
    client.destroy();
  }
}
