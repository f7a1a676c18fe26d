// What the agent of this machine may do, and nothing else.
import type { PolicyDocument } from '@longshore/aws';
import type { AccountId } from '@longshore/base';

/** The policy of the agent's user: its part of the agent protocol in its cluster, and pulling images. */
export function localAgentPolicy(region: string, account: AccountId, cluster: string): PolicyDocument {
  const ecs = `arn:aws:ecs:${region}:${account}`;
  return {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'Discover', Effect: 'Allow', Action: ['ecs:DiscoverPollEndpoint', 'ecs:DescribeClusters'], Resource: '*' },
      {
        Sid: 'SpeakTheAgentProtocol',
        Effect: 'Allow',
        Action: [
          'ecs:RegisterContainerInstance',
          'ecs:DeregisterContainerInstance',
          'ecs:Poll',
          'ecs:StartTelemetrySession',
          'ecs:SubmitTaskStateChange',
          'ecs:SubmitContainerStateChange',
          'ecs:SubmitAttachmentStateChanges',
        ],
        Resource: [`${ecs}:cluster/${cluster}`, `${ecs}:container-instance/${cluster}/*`, `${ecs}:task/${cluster}/*`],
      },
      // For tasks without an execution role; only who may read a secret may name it in a task definition.
      {
        Sid: 'FetchSecrets',
        Effect: 'Allow',
        Action: ['secretsmanager:GetSecretValue'],
        Resource: `arn:aws:secretsmanager:${region}:${account}:secret:*`,
      },
      {
        Sid: 'ShipLogs',
        Effect: 'Allow',
        Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: `arn:aws:logs:${region}:${account}:log-group:*`,
      },
      {
        Sid: 'PullImages',
        Effect: 'Allow',
        Action: [
          'ecr:GetAuthorizationToken',
          'ecr:BatchCheckLayerAvailability',
          'ecr:GetDownloadUrlForLayer',
          'ecr:BatchGetImage',
        ],
        Resource: '*',
      },
    ],
  };
}
