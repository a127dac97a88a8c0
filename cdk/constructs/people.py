"""How a function tells people: the topic that they read, and the links in its mails."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_sns as sns

from cdk.constructs.dashboard import dashboard_name
from cdk.constructs.service_function import LoggedFunction
from cdk.settings import Settings

RUNBOOK = "docs/runbook.md"


def dashboard_url() -> str:
    """Where the main dashboard is, in the console of the stack's region."""
    console = f"https://{Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region={Aws.REGION}"
    return f"{console}#dashboards/dashboard/{dashboard_name()}"


@dataclass(frozen=True)
class People:
    """`topic` is what the account's owner has subscribed to: alarms, rollbacks, drift, budgets."""

    topic: sns.ITopic
    runbook: str

    @staticmethod
    def behind(topic: sns.ITopic, settings: Settings) -> People:
        """Those of `topic`; the runbook is linked to on GitHub where the settings say which repository."""
        repository = settings.github_repository
        # With @, GitHub's own ids stand beside the names, which no address has.
        plain = "/".join(part.partition("@")[0] for part in repository.split("/")) if repository else ""
        return People(topic, f"https://github.com/{plain}/blob/main/{RUNBOOK}" if plain else RUNBOOK)

    def environment(self) -> dict[str, str]:
        """What a function needs to send them `Notice.text(Links(DASHBOARD_URL, RUNBOOK_URL))`."""
        return {
            "ALARM_TOPIC_ARN": self.topic.topic_arn,
            "DASHBOARD_URL": dashboard_url(),
            "RUNBOOK_URL": self.runbook,
        }

    def may_be_told_by(self, made: LoggedFunction) -> None:
        """Let `made` publish to the topic."""
        made.allow(["sns:Publish"], [self.topic.topic_arn])
