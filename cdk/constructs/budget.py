"""The monthly budgets: told when the account's bill passes one of them, or is about to. Two are free."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.names import PROJECT

FIRST_USD = 1.0
"""The free tier is left long before this."""
_ALERTS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))


def monthly_budgets(scope: Construct, *, usd: float, email: str | None, topic: sns.ITopic) -> None:
    """A budget of 1 USD a month over the whole account, and one of `usd` where that is another number.

    They tell `email`, or `topic` when there is none.
    """
    _budget(scope, "Budget", f"{PROJECT}-monthly-{Aws.REGION}", usd=usd, email=email, topic=topic)
    if usd != FIRST_USD:
        name = f"{PROJECT}-first-dollar-{Aws.REGION}"
        _budget(scope, "FirstDollar", name, usd=FIRST_USD, email=email, topic=topic)


def _budget(
    scope: Construct, construct_id: str, name: str, *, usd: float, email: str | None, topic: sns.ITopic
) -> budgets.CfnBudget:
    if email:
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=email)
    else:
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
    return budgets.CfnBudget(
        scope,
        construct_id,
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_name=name,  # with the region in it, because budgets belong to none
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
