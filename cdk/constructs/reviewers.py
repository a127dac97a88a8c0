"""Who reviews: accounts in Cognito that an administrator makes, in two groups."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from cdk.constructs.acknowledge import acknowledge
from cdk.names import PROJECT
from lambdas.core.people import LEADS, REVIEWERS

MIN_PASSWORD = 12


class Reviewers(Construct):
    """`pool` holds the accounts, `client` is what the console signs in to.

    Nobody signs up by themselves. The Lite plan is free up to 10,000 people who sign in a month.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.pool = cognito.UserPool(
            self,
            "Pool",
            user_pool_name=f"{PROJECT}-reviewers",
            feature_plan=cognito.FeaturePlan.LITE,
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            # Not required, though the sign-in is by it: Cognito refuses a client that may not write what is.
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=False, mutable=True)
            ),
            password_policy=cognito.PasswordPolicy(
                min_length=MIN_PASSWORD,
                require_digits=True,
                require_lowercase=True,
                require_uppercase=True,
                require_symbols=True,
                temp_password_validity=Duration.days(7),
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            account_recovery=cognito.AccountRecovery.NONE,
            removal_policy=RemovalPolicy.RETAIN,
        )
        for order, (name, what) in enumerate(
            ((LEADS, "Also settle what was escalated"), (REVIEWERS, "Claim items and give verdicts"))
        ):
            cognito.CfnUserPoolGroup(
                self,
                name.capitalize(),
                user_pool_id=self.pool.user_pool_id,
                group_name=name,
                description=what,
                precedence=order,
            )
        self.client = self.pool.add_client(
            "Console",
            user_pool_client_name=f"{PROJECT}-console",
            auth_flows=cognito.AuthFlow(user_password=True),
            disable_o_auth=True,
            generate_secret=False,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            id_token_validity=Duration.hours(1),
            access_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.hours(12),
            # The address is who a verdict is by: whoever could change their own could be somebody else.
            write_attributes=cognito.ClientAttributes().with_standard_attributes(locale=True),
        )
        self._acknowledge()

    def _acknowledge(self) -> None:
        acknowledge(
            self.pool,
            "AwsSolutions-COG2",
            "A second factor is each reviewer's choice: the console takes the codes of an authenticator app.",
        )
        acknowledge(
            self.pool,
            "AwsSolutions-COG8",
            "Threat protection needs the Plus plan, which has no free tier. Nobody can sign up here, and "
            "Cognito locks an account after failed tries.",
        )
