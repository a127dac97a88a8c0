"""The monthly budget: told when the account's bill passes it, or is about to."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.names import PROJECT

_ALERTS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))


def monthly_budget(
    scope: Construct, *, usd: float, email: str | None, topic: sns.ITopic
) -> budgets.CfnBudget:
    """A budget of `usd` a month over the whole account, told to `email`, or to `topic` when there is none."""
    if email:
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=email)
    else:
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
    return budgets.CfnBudget(
        scope,
        "Budget",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_name=f"{PROJECT}-monthly-{Aws.REGION}",  # budgets belong to no region
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(amount=usd, unit="USD"),
        ),
        notifications_with_subscribers=[
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                ),
                subscribers=[subscriber],
            )
            for kind, percent in _ALERTS
        ],
    )
