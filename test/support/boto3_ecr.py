"""Repositories, policies and templates of the ECR API through boto3; prints what it saw as JSON."""
import json
import os

import boto3

ecr = boto3.client("ecr", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
name = "boto/team/app"
policy = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3},
                "action": {"type": "expire"},
            }
        ]
    }
)
ecr.create_repository(
    repositoryName=name,
    imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
    imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
)
repository = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=policy)
held = json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])
ecr.start_lifecycle_policy_preview(repositoryName=name)
ecr.get_waiter("lifecycle_policy_preview_complete").wait(
    repositoryName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10}
)
preview = ecr.get_lifecycle_policy_preview(repositoryName=name)
for prefix in ("boto", "boto/team"):
    ecr.create_repository_creation_template(prefix=prefix, appliedFor=["CREATE_ON_PUSH"])
pages = ecr.get_paginator("describe_repository_creation_templates").paginate(PaginationConfig={"PageSize": 1})
templates = [each["prefix"] for page in pages for each in page["repositoryCreationTemplates"]]
for prefix in templates:
    ecr.delete_repository_creation_template(prefix=prefix)
ecr.delete_repository(repositoryName=name)


def refusal(call):
    try:
        call()
    except ecr.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


print(
    json.dumps(
        {
            "mutability": repository["imageTagMutability"],
            "lifecycle": held["rules"][0]["selection"]["countType"],
            "preview": preview["status"],
            "expiring": preview["summary"]["expiringImageTotalCount"],
            "template": templates,
            "setting": ecr.get_account_setting(name="BLOB_MOUNTING")["value"],
            "missing": refusal(lambda: ecr.describe_images(repositoryName=name)),
            "invalid": refusal(lambda: ecr.put_account_setting(name="BLOB_MOUNTING", value="MAYBE")),
        }
    )
)
