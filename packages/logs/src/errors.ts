// Every error of the logs API, in CloudWatch Logs' own codes and words.
import { AwsError } from '@longshore/aws';

export const logErrors = {
  invalid: (message: string) => new AwsError('InvalidParameterException', message),
  noGroup: () => new AwsError('ResourceNotFoundException', 'The specified log group does not exist.'),
  noStream: () => new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.'),
  groupExists: () => new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists'),
  streamExists: () => new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists'),
  tooMany: (limit: number) =>
    new AwsError('LimitExceededException', `An account may have ${limit} log groups at most.`),
  badToken: () => new AwsError('InvalidParameterException', 'The specified nextToken is invalid.'),
  tooManyTags: () => new AwsError('TooManyTagsException', 'A log group may have 50 tags at most.'),
} as const;
