// Small names for what the server wires together.
import type { createAwsEndpoint } from '@longshore/aws';

export type AwsEndpoint = ReturnType<typeof createAwsEndpoint>;
