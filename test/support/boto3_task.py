"""Runs, waits for and stops one task through boto3; prints what it saw as JSON. Usage: boto3_task.py IMAGE"""
import json
import os
import sys

import boto3

ecs = boto3.client("ecs", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
ecs.register_task_definition(
    family="boto",
    containerDefinitions=[
        {"name": "main", "image": sys.argv[1], "command": ["sleep", "300"], "memory": 16, "stopTimeout": 2}
    ],
)
task = ecs.run_task(taskDefinition="boto")["tasks"][0]["taskArn"]
ecs.get_waiter("tasks_running").wait(tasks=[task], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
running = ecs.describe_tasks(tasks=[task])["tasks"][0]
ecs.stop_task(task=task, reason="from boto3")
ecs.get_waiter("tasks_stopped").wait(tasks=[task], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
stopped = ecs.describe_tasks(tasks=[task])["tasks"][0]
print(
    json.dumps(
        {
            "running": running["lastStatus"],
            "stopped": stopped["lastStatus"],
            "exitCode": stopped["containers"][0]["exitCode"],
            "reason": stopped["stoppedReason"],
        }
    )
)
